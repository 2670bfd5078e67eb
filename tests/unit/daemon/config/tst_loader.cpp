// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/config/loader.h"

#include <QTest>

using namespace sluice;
using namespace sluice::config;
using namespace std::chrono_literals;

namespace {

/// The issues as lines, to compare and to read in a failure.
QByteArray linesOf(const Issues &issues)
{
    QByteArray lines;
    for (const Issue &issue : issues)
        lines += QByteArray::fromStdString(issue.toString()) + '\n';
    return lines;
}

bool hasIssue(const Issues &issues, Severity severity, std::string_view id)
{
    return std::any_of(issues.begin(), issues.end(),
                       [&](const Issue &issue) { return issue.severity == severity && issue.id == id; });
}

/// One service whose lines under "services: - name: s" are `lines`, each indented by two.
LoadResult loadService(std::string lines)
{
    return loadText("services:\n- name: s\n" + std::move(lines), "test.yaml");
}

} // namespace

class TestLoader : public QObject
{
    Q_OBJECT

private slots:
    void readsAServiceWithChain()
    {
        const LoadResult result = loadText(R"(services:
- name: service-0
  addr: :12345
  sockopts:
    mark: 100
  handler:
    type: red
    chain: chain-0
    metadata:
      sniffing: true
      sniffing.timeout: 5s
      sniffing.fallback: true
      tproxy: true
  listener:
    type: red
    metadata:
      tproxy: true
chains:
- name: chain-0
  hops:
  - name: hop-0
    sockopts:
      mark: 100
    nodes:
    - name: node-0
      addr: 192.168.1.1:1080
      connector:
        type: relay
        auth: {username: u, password: p}
      dialer:
        type: tls
log: {level: debug}
)",
                                           "test.yaml");
        QCOMPARE(linesOf(result.issues), QByteArray());
        QCOMPARE(result.config.services.size(), std::size_t{1});
        const ServiceConfig &service = result.config.services[0];
        QCOMPARE(service.name, std::string("service-0"));
        QCOMPARE(service.addr, std::string(":12345"));
        QVERIFY(service.mark == 100U);
        QCOMPARE(service.handler.type, std::string("red"));
        QCOMPARE(service.handler.chain, std::string("chain-0"));
        QVERIFY(service.handler.metadata.boolean({"sniffing"}) == true);
        QVERIFY(service.handler.metadata.duration({"sniffing.timeout"}) == 5s);
        QVERIFY(service.listener.metadata.boolean({"tproxy"}) == true);
        QCOMPARE(service.path, std::string("services[0]"));
        const NodeConfig &node = result.config.chains[0].hops[0].nodes[0];
        QVERIFY(node.mark == 100U);
        QCOMPARE(node.connector.type, std::string("relay"));
        QCOMPARE(node.connector.auth->password, std::string("p"));
        QCOMPARE(node.dialer.type, std::string("tls"));
        QCOMPARE(node.path, std::string("chains[0].hops[0].nodes[0]"));
        QCOMPARE(result.config.log.level, std::string("debug"));
    }

    void fillsInGostsDefaults()
    {
        const LoadResult result = loadText("services: [{name: s}]\nchains: [{name: c, hops: [{name: h, nodes: "
                                           "[{name: n, addr: 'a:1'}], selector: {strategy: rand}}]}]\n",
                                           "test.yaml");
        QCOMPARE(result.config.services[0].handler.type, std::string("auto"));
        QCOMPARE(result.config.services[0].listener.type, std::string("tcp"));
        const HopConfig &hop = result.config.chains[0].hops[0];
        QCOMPARE(hop.nodes[0].connector.type, std::string("http"));
        QCOMPARE(hop.nodes[0].dialer.type, std::string("tcp"));
        QCOMPARE(hop.selector->maxFails, 1);
        QVERIFY(hop.selector->failTimeout == 10s);
    }

    void nodeMarkBeatsHopMarkAndMetadataBeatsSockopts()
    {
        const auto markOf = [](const std::string &hop, const std::string &node) {
            const LoadResult result = loadText("chains: [{name: c, hops: [{name: h, " + hop +
                                                   "nodes: [{name: n, addr: 'a:1', " + node + "}]}]}]",
                                               "test.yaml");
            return result.config.chains[0].hops[0].nodes[0].mark.value_or(0);
        };
        const std::string hop100 = "sockopts: {mark: 100}, ";
        QCOMPARE(markOf(hop100, ""), 100U);
        QCOMPARE(markOf(hop100, "sockopts: {mark: 200}"), 200U);
        QCOMPARE(markOf(hop100, "sockopts: {mark: 200}, metadata: {so_mark: 300}"), 300U);
        QCOMPARE(markOf("sockopts: {mark: 100}, metadata: {so_mark: 0x96}, ", ""), 150U);
        QCOMPARE(markOf("metadata: {so_mark: 0}, sockopts: {mark: 100}, ", ""), 100U);
        QCOMPARE(markOf(hop100, "metadata: {so_mark: 0}"), 0U);
        QCOMPARE(markOf("", ""), 0U);
    }

    void nodeTakesInterfaceNetnsResolverAndHostsFromItsHop()
    {
        const LoadResult result = loadText(R"(chains:
- name: c
  hops:
  - name: h
    interface: eth0
    resolver: r
    hosts: h
    metadata: {netns: blue}
    nodes:
    - {name: a, addr: 'a:1'}
    - {name: b, addr: 'b:1', interface: eth1, netns: red, resolver: q}
    - {name: c, addr: 'c:1', interface: eth1, metadata: {interface: eth2}}
)",
                                           "test.yaml");
        const auto &nodes = result.config.chains[0].hops[0].nodes;
        QCOMPARE(nodes[0].interface, std::string("eth0"));
        QCOMPARE(nodes[0].netns, std::string("blue"));
        QCOMPARE(nodes[0].resolver, std::string("r"));
        QCOMPARE(nodes[0].hosts, std::string("h"));
        QCOMPARE(nodes[1].interface, std::string("eth1"));
        QCOMPARE(nodes[1].netns, std::string("red"));
        QCOMPARE(nodes[1].resolver, std::string("q"));
        QCOMPARE(nodes[2].interface, std::string("eth2"));
    }

    void metadataKeysIgnoreCaseButDotsAreLetters()
    {
        const LoadResult result =
            loadService("  handler: {type: red, metadata: {Sniffing.Timeout: 5s, sniffing: {timeout: 7s}}}\n");
        QVERIFY(result.config.services[0].handler.metadata.duration({"sniffing.timeout"}) == 5s);
        QVERIFY(!result.config.services[0].handler.metadata.boolean({"sniffing"}));
    }

    void readsDurationsInSelector()
    {
        const auto load = [](const std::string &timeout) {
            return loadText("chains: [{name: c, hops: [{name: h, selector: {failTimeout: " + timeout +
                                "}, nodes: [{name: n, addr: 'a:1'}]}]}]",
                            "test.yaml");
        };
        const auto timeoutOf = [](const LoadResult &result) {
            return result.config.chains[0].hops[0].selector->failTimeout;
        };
        QVERIFY(timeoutOf(load("30s")) == 30s);
        QVERIFY(load("30s").issues.empty());
        QVERIFY(timeoutOf(load("30")) == 30s);
        QVERIFY(hasIssue(load("30").issues, Severity::Warning, "duration-unit"));
        QVERIFY(timeoutOf(load("30000000000")) == 30s); // as GOST saves it in JSON
        QVERIFY(load("30000000000").issues.empty());
        const LoadResult bad = load("abc");
        QVERIFY(hasIssue(bad.issues, Severity::Error, "bad-duration"));
        QCOMPARE(bad.issues[0].path, std::string("chains[0].hops[0].selector.failTimeout"));
        QCOMPARE(bad.issues[0].line, 1);
    }

    void resolvesHopReferences()
    {
        const LoadResult result = loadText(R"(hops:
- name: shared
  metadata: {so_mark: 7}
  nodes: [{name: n, addr: 'a:1'}]
chains:
- name: c
  hops: [{name: shared}]
- name: d
  hops: [{name: gone}]
)",
                                           "test.yaml");
        QCOMPARE(result.config.chains[0].hops[0].nodes[0].path, std::string("hops[0].nodes[0]"));
        QVERIFY(result.config.chains[0].hops[0].nodes[0].mark == 7U);
        QVERIFY(hasIssue(result.issues, Severity::Error, "missing-hop"));
    }

    void suggestsTheKeyThatWasMeant()
    {
        const LoadResult result = loadService("  handller: {type: red}\n  colour: blue\n  addr: :1\n");
        QCOMPARE(linesOf(result.issues),
                 QByteArray("test.yaml:3:3: warning: services[0].handller: GOST has no key \"handller\" here; did you "
                            "mean \"handler\"? (unknown-key)\n"
                            "test.yaml:4:3: note: services[0].colour: GOST has no key \"colour\" here; it is kept, but "
                            "does nothing (unknown-key)\n"));
        QVERIFY(result.document.root.find("services")->list()->at(0).find("colour") != nullptr);
    }

    void refusesAMarkThatIsNoMark()
    {
        for (const char *mark : {"abc", "-1", "4294967296", "[1]", "1.5"}) {
            const LoadResult result = loadService("  metadata: {so_mark: " + std::string(mark) + "}\n");
            QVERIFY2(hasIssue(result.issues, Severity::Error, "bad-mark"), mark);
        }
        QVERIFY(loadService("  metadata: {so_mark: 0xffffffff}\n").config.services[0].mark == 0xffffffffU);
        QVERIFY(loadService("  sockopts: {mark: '0x64'}\n").config.services[0].mark == 100U);
    }

    void joinsFilesAndCommandLineAndRenamesClashes()
    {
        CommandLine commandLine;
        commandLine.files = {
            R"({"services":[{"name":"service-0","addr":":1"}],"log":{"level":"warn"}})",
            R"({"chains":[{"name":"chain-0","hops":[{"name":"h","nodes":[{"name":"n","addr":"a:1"}]}]}],"log":{"level":"error"}})"};
        commandLine.services = {"red://:2?bypass=10.0.0.0/8", "red://:3"};
        commandLine.nodes = {"relay://h:1"};
        const LoadResult result = loadCommandLine(commandLine);
        QVERIFY2(!hasErrors(result.issues), linesOf(result.issues).constData());
        QCOMPARE(result.config.services.size(), std::size_t{3});
        QCOMPARE(result.config.services[0].name, std::string("service-0"));
        QCOMPARE(result.config.services[1].name, std::string("service-2"));
        QCOMPARE(result.config.services[2].name, std::string("service-1"));
        QCOMPARE(result.config.chains[1].name, std::string("chain-1"));
        QCOMPARE(result.config.services[1].handler.chain, std::string("chain-1"));
        QCOMPARE(result.config.services[1].bypasses, NameList{"bypass-0"});
        QCOMPARE(result.config.log.level, std::string("error"));
        QVERIFY(hasIssue(result.issues, Severity::Note, "renamed"));
    }

    void saysWhyAFileCannotBeRead()
    {
        const LoadResult result = loadFile("/nonexistent/sluice.yaml");
        QCOMPARE(linesOf(result.issues), QByteArray("/nonexistent/sluice.yaml: error: /nonexistent/sluice.yaml: No "
                                                    "such file or directory (unreadable-file)\n"));
    }
};

QTEST_APPLESS_MAIN(TestLoader)
#include "tst_loader.moc"
