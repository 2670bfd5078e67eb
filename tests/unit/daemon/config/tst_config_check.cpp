// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/config/config_check.h"

#include "daemon/config/loader.h"
#include "daemon/connector/connector.h"
#include "daemon/dialer/dialer.h"
#include "daemon/handler/handler.h"

#include <QTest>

using namespace sluice;
using namespace sluice::config;

namespace {

/// A good service through a good chain; `changes` replace its texts.
LoadResult loadChanged(std::initializer_list<std::pair<std::string, std::string>> changes)
{
    std::string text = R"(services:
- name: service-0
  addr: :12345
  handler:
    type: red
    chain: chain-0
    metadata: {sniffing: true, tproxy: true}
  listener:
    type: red
    metadata: {tproxy: true}
chains:
- name: chain-0
  hops:
  - name: hop-0
    nodes:
    - name: node-0
      addr: 192.0.2.1:1080
      connector:
        type: relay
      dialer:
        type: tcp
bypasses:
- name: bypass-0
  matchers: [10.0.0.0/8]
)";
    for (const auto &[from, to] : changes) {
        const std::size_t at = text.find(from);
        Q_ASSERT(at != std::string::npos);
        text.replace(at, from.size(), to);
    }
    return loadText(text, "test.yaml");
}

QByteArray linesOf(const Issues &issues)
{
    QByteArray lines;
    for (const Issue &issue : issues)
        lines += QByteArray::fromStdString(issue.toString()) + '\n';
    return lines;
}

} // namespace

class TestConfigCheck : public QObject
{
    Q_OBJECT

private slots:
    void hasNothingToSayAboutAGoodConfiguration() { QCOMPARE(linesOf(loadChanged({}).issues), QByteArray()); }

    void saysWhatIsWrongAndWhere_data()
    {
        QTest::addColumn<QByteArray>("from");
        QTest::addColumn<QByteArray>("to");
        QTest::addColumn<QByteArray>("line");
        const auto row = [](const char *name, const char *from, const char *to, const char *line) {
            QTest::newRow(name) << QByteArray(from) << QByteArray(to) << QByteArray(line);
        };
        row("missing chain", "chain: chain-0", "chain: paris",
            "test.yaml:6:12: error: services[0].handler.chain: there is no chain \"paris\" (GOST would connect "
            "directly) (missing-chain)");
        row("misspelt chain", "chain: chain-0", "chain: chain-O",
            "test.yaml:6:12: error: services[0].handler.chain: there is no chain \"chain-O\"; did you mean "
            "\"chain-0\"? (missing-chain)");
        row("missing bypass", "addr: :12345", "addr: :12345\n  bypass: paris",
            "test.yaml:4:11: error: services[0].bypass: there is no bypass \"paris\" (GOST would let everything "
            "through) (missing-bypass)");
        row("one missing bypass of two", "addr: :12345", "addr: :12345\n  bypasses: [bypass-0, paris]",
            "test.yaml:4:13: error: services[0].bypasses: there is no bypass \"paris\" (GOST would let everything "
            "through) (missing-bypass)");
        row("missing admission", "addr: :12345", "addr: :12345\n  admission: a",
            "test.yaml:4:14: error: services[0].admission: there is no admission \"a\" (GOST would admit everybody) "
            "(missing-admission)");
        row("missing hosts", "addr: :12345", "addr: :12345\n  hosts: h",
            "test.yaml:4:10: error: services[0].hosts: there is no hosts \"h\" (GOST would do without) "
            "(missing-hosts)");
        row("missing resolver of a node", "addr: 192.0.2.1:1080", "addr: 192.0.2.1:1080\n      resolver: r",
            "test.yaml:18:17: error: chains[0].hops[0].nodes[0].resolver: there is no resolver \"r\" (GOST would ask "
            "the system's resolver) (missing-resolver)");
        row("missing auther", "type: red\n", "type: relay\n    auther: a\n",
            "test.yaml:6:13: error: services[0].handler.auther: there is no auther \"a\" (GOST would ask nobody for a "
            "password) (missing-auther)");
        row("unknown handler", "type: red\n", "type: reed\n",
            "test.yaml:5:11: error: services[0].handler.type: there is no handler \"reed\"; did you mean \"red\"? "
            "(unknown-type)");
        row("handler of GOST's", "type: red\n", "type: tungo\n",
            "test.yaml:5:11: error: services[0].handler.type: GOST has the handler \"tungo\", Sluice does not yet "
            "(unsupported-type)");
        row("dialer of GOST's", "type: tcp", "type: quic",
            "test.yaml:21:15: error: chains[0].hops[0].nodes[0].dialer.type: GOST has the dialer \"quic\", Sluice does "
            "not yet (unsupported-type)");
        row("two of one name", "bypasses:\n", "bypasses:\n- name: bypass-0\n",
            "test.yaml:24:3: error: bypasses[1]: there are two of the name \"bypass-0\" (duplicate-name)");
        row("tproxy only in the handler", "metadata: {tproxy: true}", "metadata: {}",
            "test.yaml:2:3: warning: services[0]: tproxy is set for the handler or the listener only; it is taken for "
            "both (GOST needs both) (tproxy-mismatch)");
        row("yes is no boolean", "sniffing: true", "sniffing: true, sniffing.fallback: yes",
            "test.yaml:7:51: warning: services[0].handler.metadata.sniffing.fallback: this is neither true nor false, "
            "and so counts as false; YAML's yes and on are words (bad-value)");
        row("timeout that is none", "sniffing: true", "sniffing: true, sniffing.timeout: soon",
            "test.yaml:7:50: warning: services[0].handler.metadata.sniffing.timeout: this is not a duration such as 5s "
            "or 1m30s, and so does not count (bad-value)");
        row("negative timeout", "sniffing: true", "sniffing: true, sniffing.timeout: -1s",
            "test.yaml:7:50: warning: services[0].handler.metadata.sniffing.timeout: this is not a duration such as 5s "
            "or 1m30s, and so does not count (bad-value)");
        row("misspelt metadata", "sniffing: true", "snifing: true",
            "test.yaml:7:25: warning: services[0].handler.metadata.snifing: \"snifing\" does nothing; did you mean "
            "\"sniffing\"? (unknown-key)");
        row("port too large", ":12345", ":65536",
            "test.yaml:3:9: error: services[0].addr: the port must be a number from 0 to 65535 (bad-port)");
        row("port without colon", ":12345", "'8080'",
            "test.yaml:3:9: error: services[0].addr: this is a host without a port; did you mean \":8080\"? "
            "(bad-port)");
        row("node port 0", "192.0.2.1:1080", "192.0.2.1:0",
            "test.yaml:17:13: error: chains[0].hops[0].nodes[0].addr: the port must be a number from 1 to 65535 "
            "(bad-port)");
        row("node without port", "192.0.2.1:1080", "proxy.test",
            "test.yaml:17:13: error: chains[0].hops[0].nodes[0].addr: there is no port; write host:port (bad-port)");
        row("node that is the service", "192.0.2.1:1080", "127.0.0.1:12345",
            "test.yaml:17:13: error: chains[0].hops[0].nodes[0].addr: this node is service \"service-0\" itself, which "
            "uses the node: connections would go round for ever (node-loop)");
        row("hop without node",
            "nodes:\n    - name: node-0\n      addr: 192.0.2.1:1080\n      connector:\n        type: "
            "relay\n      dialer:\n        type: tcp\n",
            "plugin: {type: grpc, addr: 'a:1'}\n",
            "test.yaml:14:5: error: chains[0].hops[0]: this hop has no node (GOST would connect directly) "
            "(empty-hop)");
        row("pattern that matches nothing", "[10.0.0.0/8]", "[10.0.0.0/33]",
            "test.yaml:24:14: warning: bypasses[0].matchers[0]: \"10.0.0.0/33\" can match nothing; write an address, a "
            "prefix (10.0.0.0/8), a range, a name, .domain or *.domain, with :port if need be (useless-pattern)");
        row("limit that is not kept", "addr: :12345", "addr: :12345\n  limiter: l",
            "test.yaml:4:3: warning: services[0].limiter: GOST has this, Sluice does not act on it yet "
            "(unsupported-key)");
        row("access rule that is not kept", "listener:\n    type: red\n", "listener:\n    type: red\n    auther: a\n",
            "test.yaml:10:5: warning: services[0].listener.auther: GOST has this, Sluice does not act on it yet "
            "(unsupported-key)");
        row("netns that is not entered", "addr: :12345", "addr: :12345\n  metadata: {netns: blue}",
            "test.yaml:4:21: warning: services[0].metadata.netns: GOST has this, Sluice does not act on it yet "
            "(unsupported-key)");
        row("key without effect", "addr: :12345", "addr: :12345\n  observer: o",
            "test.yaml:4:3: note: services[0].observer: GOST has this, Sluice does not act on it yet "
            "(unsupported-key)");
        row("fixed target", "addr: :12345", "addr: :12345\n  forwarder: {nodes: [{addr: 'a:1'}]}",
            "test.yaml:4:14: error: services[0].forwarder: Sluice does not forward to fixed targets yet, and must not "
            "let clients choose theirs instead (unsupported-forwarder)");
        row("strategy", "nodes:", "selector: {strategy: fastest}\n    nodes:",
            "test.yaml:15:26: warning: chains[0].hops[0].selector.strategy: there is no strategy \"fastest\"; round is "
            "used (unknown-strategy)");
    }

    void saysWhatIsWrongAndWhere()
    {
        QFETCH(QByteArray, from);
        QFETCH(QByteArray, to);
        QFETCH(QByteArray, line);
        const QByteArray lines = linesOf(loadChanged({{from.toStdString(), to.toStdString()}}).issues);
        QVERIFY2(lines.split('\n').contains(line), lines.constData());
    }

    void warnsOfUdpThroughAChainThatCarriesNone()
    {
        const LoadResult result = loadChanged({{"type: red\n", "type: redu\n"},
                                               {"listener:\n    type: red\n", "listener:\n    type: redu\n"},
                                               {"type: relay", "type: http"}});
        QVERIFY2(linesOf(result.issues).contains("(udp-unsupported)"), linesOf(result.issues).constData());
        QVERIFY(!hasErrors(result.issues));
    }

    void saysThingsOfAUrlOnce()
    {
        CommandLine commandLine;
        commandLine.services = {"red://:1?sniffing=yes"};
        const Issues issues = loadCommandLine(commandLine).issues;
        QCOMPARE(issues.size(), std::size_t{1});
        QCOMPARE(issues[0].id, std::string("bad-value"));
    }

    void tutorialCommandLinesAreClean()
    {
        CommandLine commandLine;
        commandLine.services = {"red://:12345?tproxy=true"};
        commandLine.nodes = {"relay://10.0.10.1:8420?so_mark=100"};
        QCOMPARE(linesOf(loadCommandLine(commandLine).issues), QByteArray());
        commandLine.services.push_back("redu://:12345?ttl=30s");
        const Issues issues = loadCommandLine(commandLine).issues;
        QCOMPARE(issues.size(), std::size_t{1});
        QCOMPARE(issues[0].id, std::string("udp-not-yet"));
        commandLine = {{"red://:12345?sniffing=true"}, {"192.168.1.1:1080"}, {}};
        QCOMPARE(linesOf(loadCommandLine(commandLine).issues), QByteArray());
    }

    void runnableNamesAreThoseOfTheRegistries()
    {
        for (const std::string_view name : gostNames(Layer::Connector)) {
            const bool isMade = connector::makeConnector({std::string(name), {}, {}, {}}).hasValue();
            QVERIFY2(isMade == isRunnable(Layer::Connector, name), std::string(name).c_str());
        }
        for (const std::string_view name : gostNames(Layer::Dialer)) {
            const bool isMade = dialer::makeDialer({std::string(name), {}, {}, {}}, "h").hasValue();
            QVERIFY2(isMade == isRunnable(Layer::Dialer, name), std::string(name).c_str());
        }
        for (const std::string_view name : gostNames(Layer::Handler)) {
            HandlerConfig handler;
            handler.type = name;
            QVERIFY2(handler::makeHandler(handler, {}).hasValue() == isRunnable(Layer::Handler, name),
                     std::string(name).c_str());
        }
    }

private:
    static bool isRunnable(Layer layer, std::string_view name)
    {
        const auto names = runnableNames(layer);
        return std::find(names.begin(), names.end(), name) != names.end();
    }
};

QTEST_APPLESS_MAIN(TestConfigCheck)
#include "tst_config_check.moc"
