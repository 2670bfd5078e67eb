// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/policy/hosts.h"

#include <QTest>

using namespace sluice;
using namespace sluice::policy;

namespace {

QByteArray addresses(const Hosts &hosts, std::string_view name)
{
    QByteArrayList texts;
    for (const IpAddress &address : hosts.lookup(name))
        texts += QByteArray::fromStdString(address.toString());
    return texts.join(' ');
}

} // namespace

class TestHosts : public QObject
{
    Q_OBJECT

private slots:
    void findsExactName()
    {
        config::HostsConfig config;
        config.mappings = {
            {"192.0.2.1", "A.test", {}}, {"2001:db8::1", "a.test", {}}, {"192.0.2.2", "b.test", {"c.test"}}};
        const Hosts hosts(config);
        QCOMPARE(addresses(hosts, "a.test"), QByteArray("192.0.2.1 2001:db8::1"));
        QCOMPARE(addresses(hosts, "b.test"), QByteArray("192.0.2.2"));
        QCOMPARE(addresses(hosts, "c.test"), QByteArray("192.0.2.2"));
        QCOMPARE(addresses(hosts, "x.a.test"), QByteArray());
        QCOMPARE(addresses(hosts, "test"), QByteArray());
        QVERIFY(hosts.unusableMappings().empty());
    }

    void findsDomain()
    {
        const Hosts hosts({}, {"192.0.2.1 .dom.test", "192.0.2.2 a.dom.test", "192.0.2.3 .b.dom.test"});
        QCOMPARE(addresses(hosts, "dom.test"), QByteArray("192.0.2.1"));
        QCOMPARE(addresses(hosts, "x.y.dom.test"), QByteArray("192.0.2.1"));
        QCOMPARE(addresses(hosts, "a.dom.test"), QByteArray("192.0.2.2"));
        QCOMPARE(addresses(hosts, "x.a.dom.test"), QByteArray("192.0.2.1"));
        QCOMPARE(addresses(hosts, "x.b.dom.test"), QByteArray("192.0.2.3"));
        QCOMPARE(addresses(hosts, "xdom.test"), QByteArray());
    }

    void fallsBackToLoneDot()
    {
        const Hosts hosts({}, {"192.0.2.1 a.test", "192.0.2.9 ."});
        QCOMPARE(addresses(hosts, "a.test"), QByteArray("192.0.2.1"));
        QCOMPARE(addresses(hosts, "anything"), QByteArray("192.0.2.9"));
    }

    void readsFileLines()
    {
        const Hosts hosts({},
                          {"127.0.0.1\tlocalhost  alias ", "::1 localhost", "nonsense", "192.0.2.1", "name 192.0.2.1"});
        QCOMPARE(addresses(hosts, "localhost"), QByteArray("127.0.0.1 ::1"));
        QCOMPARE(addresses(hosts, "alias"), QByteArray("127.0.0.1"));
        QCOMPARE(hosts.unusableMappings(), (std::vector<std::string>{"nonsense", "192.0.2.1", "name 192.0.2.1"}));
    }

    void listsUnusableMappings()
    {
        config::HostsConfig config;
        config.mappings = {{"300.0.0.1", "a.test", {}}, {"192.0.2.1", "", {}}};
        const Hosts hosts(config);
        QCOMPARE(hosts.unusableMappings().size(), std::size_t{2});
        QCOMPARE(addresses(hosts, "a.test"), QByteArray());
    }
};

QTEST_APPLESS_MAIN(TestHosts)
#include "tst_hosts.moc"
