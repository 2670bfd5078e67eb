// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/config/command_line_writer.h"

#include "daemon/config/loader.h"

#include <QTest>

using namespace sluice::config;

class TestCommandLineWriter : public QObject
{
    Q_OBJECT

private slots:
    void saysFilesAsUrls_data()
    {
        QTest::addColumn<QByteArray>("yaml");
        QTest::addColumn<QByteArray>("line");
        QTest::newRow("service without chain")
            << QByteArray("services: [{name: s, addr: ':1', sockopts: {mark: 100}, handler: {type: red, metadata: "
                          "{sniffing: true}}, listener: {type: red}}]")
            << QByteArray("gost -L 'red://:1?handler.sniffing=true&so_mark=100'");
        QTest::newRow("the same key everywhere")
            << QByteArray("services: [{name: s, addr: ':1', handler: {type: redu, metadata: {ttl: 30s}}, listener: "
                          "{type: redu, metadata: {ttl: 30s}}, metadata: {ttl: 30s}}]")
            << QByteArray("gost -L 'redu://:1?ttl=30s'");
        QTest::newRow("chain, password, whitelist")
            << QByteArray(
                   "services: [{name: s, addr: ':1', handler: {type: red, chain: c}, listener: {type: red}}]\n"
                   "chains: [{name: c, hops: [{name: h, bypass: b, nodes: [{name: n, addr: '[::1]:2', connector: "
                   "{type: "
                   "relay, auth: {username: u, password: \"p@'x\"}}, dialer: {type: tls, tls: {serverName: '::1', "
                   "secure: true}}}]}]}]\nbypasses: [{name: b, whitelist: true, matchers: [a.b, 10.0.0.0/8]}]")
            << QByteArray(
                   "gost -L red://:1 -F 'relay+tls://u:p%40%27x@[::1]:2?bypass=%7Ea.b,10.0.0.0/8&tls.secure=true'")
                   .replace("%7E", "~");
        QTest::newRow("two nodes and a selector")
            << QByteArray(
                   "services: [{name: s, addr: ':1', handler: {type: red, chain: c}, listener: {type: red}}]\n"
                   "chains: [{name: c, hops: [{name: h, selector: {strategy: fifo, maxFails: 2, failTimeout: "
                   "1m}, nodes: [{name: n, addr: 'a:1', connector: {type: http}, dialer: {type: tcp}}, {name: m, "
                   "addr: 'b:2', connector: {type: http}, dialer: {type: tcp}}]}]}]")
            << QByteArray("gost -L red://:1 -F 'http://a:1,b:2?failTimeout=1m0s&maxFails=2&strategy=fifo'");
    }

    void saysFilesAsUrls()
    {
        QFETCH(QByteArray, yaml);
        QFETCH(QByteArray, line);
        Issues issues;
        const auto written = writeCommandLine(readText(yaml.toStdString(), "test.yaml", issues));
        QVERIFY2(written.hasValue(), written ? "" : written.error().message.c_str());
        QCOMPARE(QByteArray::fromStdString(*written), line);
    }

    void refusesWhatUrlsCannotSay_data()
    {
        QTest::addColumn<QByteArray>("yaml");
        QTest::addColumn<QByteArray>("path");
        QTest::newRow("a list in metadata") << QByteArray("services: [{name: s, addr: ':1', metadata: {preUp: [a]}}]")
                                            << QByteArray("services[0].metadata.preup");
        QTest::newRow("service without the chain")
            << QByteArray("services: [{name: s, addr: ':1', handler: {type: red}, listener: {type: red}}]\n"
                          "chains: [{name: c, hops: [{name: h, nodes: [{name: n, addr: 'a:1', connector: {type: http}, "
                          "dialer: {type: tcp}}]}]}]")
            << QByteArray("services[0].handler.chain");
        QTest::newRow("two chains")
            << QByteArray("chains: [{name: c, hops: [{name: h, nodes: [{name: n, addr: 'a:1', connector: {type: http}, "
                          "dialer: {type: tcp}}]}]}, {name: d, hops: []}]")
            << QByteArray("chains");
        QTest::newRow("nodes that differ")
            << QByteArray("chains: [{name: c, hops: [{name: h, nodes: [{name: n, addr: 'a:1', connector: {type: http}, "
                          "dialer: {type: tcp}}, {name: m, addr: 'b:1', connector: {type: relay}, dialer: {type: "
                          "tcp}}]}]}]")
            << QByteArray("chains[0].hops[0].nodes[1].connector.type");
        QTest::newRow("unknown key")
            << QByteArray("services: [{name: s, addr: ':1', handler: {type: red}, listener: {type: red}, x: 1}]")
            << QByteArray("services[0].x");
    }

    void refusesWhatUrlsCannotSay()
    {
        QFETCH(QByteArray, yaml);
        QFETCH(QByteArray, path);
        Issues issues;
        const auto written = writeCommandLine(readText(yaml.toStdString(), "test.yaml", issues));
        QVERIFY2(!written.hasValue(), written ? written->c_str() : "");
        QVERIFY2(written.error().message.starts_with(path.toStdString() + ":"), written.error().message.c_str());
    }
};

QTEST_APPLESS_MAIN(TestCommandLineWriter)
#include "tst_command_line_writer.moc"
