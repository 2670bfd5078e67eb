// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/dns/resolv_conf.h"

#include <QTest>

using namespace sluice;
using namespace sluice::dns;
using namespace std::chrono_literals;

namespace {

QByteArray servers(const ResolvConf &conf)
{
    QByteArrayList texts;
    for (const Endpoint &server : conf.nameservers)
        texts += QByteArray::fromStdString(server.toString());
    return texts.join(' ');
}

} // namespace

class TestResolvConf : public QObject
{
    Q_OBJECT

private slots:
    void readsServersAndOptions()
    {
        const ResolvConf conf = parseResolvConf("# made by hand\n; and so on\nsearch a.test b.test\n"
                                                "nameserver 192.0.2.53\n  nameserver\t2001:db8::53 # second\r\n"
                                                "options edns0 timeout:3\noptions attempts:4 rotate\n");
        QCOMPARE(servers(conf), QByteArray("192.0.2.53:53 [2001:db8::53]:53"));
        QCOMPARE(conf.timeout, 3s);
        QCOMPARE(conf.attempts, 4);
        QVERIFY(conf.isRotating);
    }

    void asksLoopbackWithoutServers()
    {
        for (const char *text : {"", "\n\n", "search a.test\n", "nameserver\nnameserver x\nnameserver 1.2.3\n"}) {
            const ResolvConf conf = parseResolvConf(text);
            QCOMPARE(servers(conf), QByteArray("127.0.0.1:53"));
            QCOMPARE(conf.timeout, 5s);
            QCOMPARE(conf.attempts, 2);
        }
    }

    void takesThreeServersAtMost()
    {
        const ResolvConf conf = parseResolvConf("nameserver 1.1.1.1\nnameserver 2.2.2.2\nnameserver 3.3.3.3\n"
                                                "nameserver 4.4.4.4");
        QCOMPARE(servers(conf), QByteArray("1.1.1.1:53 2.2.2.2:53 3.3.3.3:53"));
    }

    void leavesOutServersWithZone()
    {
        QCOMPARE(servers(parseResolvConf("nameserver fe80::1%eth0\nnameserver 1.1.1.1")), QByteArray("1.1.1.1:53"));
    }

    void limitsOptions()
    {
        const ResolvConf high = parseResolvConf("options timeout:99 attempts:99999999999");
        QCOMPARE(high.timeout, 30s);
        QCOMPARE(high.attempts, 5);
        const ResolvConf low = parseResolvConf("options timeout:0 attempts:0");
        QCOMPARE(low.timeout, 1s);
        QCOMPARE(low.attempts, 1);
        const ResolvConf bad = parseResolvConf("options timeout:x attempts: timeout:-1 attempts:2x");
        QCOMPARE(bad.timeout, 5s);
        QCOMPARE(bad.attempts, 2);
    }

    void readsEtcHosts()
    {
        const policy::Hosts hosts = parseEtcHosts("127.0.0.1 localhost\n::1\tlocalhost ip6-localhost # loopback\n"
                                                  "# 192.0.2.9 gone\n192.0.2.1 Node.lan node\n");
        QCOMPARE(hosts.lookup("localhost").size(), std::size_t{2});
        QCOMPARE(hosts.lookup("node.lan").front(), IpAddress::parse("192.0.2.1").value());
        QCOMPARE(hosts.lookup("node").front(), IpAddress::parse("192.0.2.1").value());
        QVERIFY(hosts.lookup("gone").empty());
    }
};

QTEST_APPLESS_MAIN(TestResolvConf)
#include "tst_resolv_conf.moc"
