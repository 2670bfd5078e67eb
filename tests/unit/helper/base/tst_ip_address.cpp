// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "helper/base/ip_address.h"

#include <QTest>

using namespace sluice;

class TestIpAddress : public QObject
{
    Q_OBJECT

private slots:
    void storesMappedAddressesAsIpv4()
    {
        QVERIFY(IpAddress::parse("::ffff:127.0.0.5") == IpAddress::parse("127.0.0.5"));
        QVERIFY(IpAddress::parse("::ffff:127.0.0.5")->isIpv4());
        QVERIFY(Cidr::parse("::ffff:10.0.0.0/104") == Cidr::parse("10.0.0.0/8"));
    }

    void refusesWhatIsNoAddress()
    {
        for (const char *bad : {"", "1.2.3", "1.2.3.4.5", "[::1]", "fe80::1%lo", "host", "1.2.3.4 ", "0x7f.1"})
            QVERIFY2(!IpAddress::parse(bad), bad);
        QVERIFY(!IpAddress::parse(std::string_view("1.2.3.4\0x", 9)));
    }

    void containsOnlyItsPrefix()
    {
        const Cidr net = *Cidr::parse("10.1.2.3/12");
        QCOMPARE(QByteArray::fromStdString(net.toString()), QByteArray("10.0.0.0/12"));
        QVERIFY(net.contains(*IpAddress::parse("10.15.255.255")));
        QVERIFY(!net.contains(*IpAddress::parse("10.16.0.0")));
        QVERIFY(!net.contains(*IpAddress::parse("::a00:1")));
        QVERIFY(Cidr::parse("fe80::/10")->contains(*IpAddress::parse("febf::1")));
        QVERIFY(!Cidr::parse("fe80::/10")->contains(*IpAddress::parse("fec0::1")));
        for (const char *bad : {"10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/", "/8", "::/129", "a/8"})
            QVERIFY2(!Cidr::parse(bad), bad);
    }

    void splitsHostAndPort()
    {
        const auto check = [](std::string_view text, std::string_view host, std::string_view port) {
            const HostPort parts = HostPort::split(text);
            QCOMPARE(QByteArray::fromStdString(parts.host), QByteArray(host.data(), qsizetype(host.size())));
            QCOMPARE(QByteArray::fromStdString(parts.port), QByteArray(port.data(), qsizetype(port.size())));
        };
        check("a.test:80", "a.test", "80");
        check("[::1]:80", "::1", "80");
        check(":8080", "", "8080");
        check("::1", "::1", "");
        check("[::1]", "::1", "");
        check("host", "host", "");
        QVERIFY(!HostPort::split("a:65536").portNumber());
        QVERIFY(!HostPort::split("a:-1").portNumber());
        QVERIFY(!HostPort::split("a:0x50").portNumber());
        QCOMPARE(QByteArray::fromStdString(Endpoint::parse("[2001:db8::1]:443")->toString()),
                 QByteArray("[2001:db8::1]:443"));
    }

    void survivesTheKernelForm()
    {
        for (const char *text : {"1.2.3.4:80", "[2001:db8::1]:443"}) {
            sockaddr_storage storage;
            const Endpoint endpoint = *Endpoint::parse(text);
            QVERIFY(endpoint.toSockaddr(storage) > 0);
            QVERIFY(Endpoint::fromSockaddr(storage) == endpoint);
        }
    }
};

QTEST_APPLESS_MAIN(TestIpAddress)
#include "tst_ip_address.moc"
