// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/sniff/host_name.h"

#include <QTest>

using namespace sluice;
using namespace sluice::sniff;

class TestHostName : public QObject
{
    Q_OBJECT

private slots:
    void normalises_data();
    void normalises();
    void refuses_data();
    void refuses();
    void keepsPort();
};

void TestHostName::normalises_data()
{
    QTest::addColumn<QByteArray>("text");
    QTest::addColumn<QByteArray>("name");
    QTest::addColumn<QByteArray>("literal");
    const auto name = [](const char *row, const QByteArray &text, const QByteArray &expected) {
        QTest::newRow(row) << text << expected << QByteArray();
    };
    const auto literal = [](const char *row, const QByteArray &text, const QByteArray &expected) {
        QTest::newRow(row) << text << QByteArray() << expected;
    };
    const QByteArray label63(63, 'a');
    const QByteArray name253 = label63 + "." + label63 + "." + label63 + "." + QByteArray(61, 'b');

    name("plain", "example.org", "example.org");
    name("upper case", "EXAMPLE.Org", "example.org");
    name("one label", "localhost", "localhost");
    name("one letter", "a", "a");
    name("final dot", "example.org.", "example.org");
    name("final dot and port", "example.org.:80", "example.org");
    name("port", "example.org:443", "example.org");
    name("colon without port", "example.org:", "example.org");
    name("underscore", "_dmarc.my_host.org", "_dmarc.my_host.org");
    name("digits in a label", "1.2.3.4.example.org", "1.2.3.4.example.org");
    name("label of digits first", "163.com", "163.com");
    name("last label with digits", "host.x1", "host.x1");
    name("last label hex without 0x", "host.abc", "host.abc");
    name("0x in the middle", "a.0x1.b", "a.0x1.b");
    name("0x and another letter", "host.0xg", "host.0xg");
    name("punycode", "xn--mnchen-3ya.de", "xn--mnchen-3ya.de");
    name("hyphen inside", "r4---sn-abc.example.org", "r4---sn-abc.example.org");
    name("hyphen at the end of a label", "user-.example.org", "user-.example.org");
    name("label of 63", label63 + ".org", label63 + ".org");
    name("name of 253", name253, name253);
    name("name of 253 and final dot", name253 + ".", name253);
    literal("IPv4", "1.2.3.4", "1.2.3.4");
    literal("IPv4 and port", "1.2.3.4:8080", "1.2.3.4");
    literal("IPv4 and final dot", "1.2.3.4.", "1.2.3.4");
    literal("IPv6 in brackets", "[::1]", "::1");
    literal("IPv6 in brackets and port", "[2001:DB8::1]:443", "2001:db8::1");
    literal("IPv6 bare", "2001:db8::1", "2001:db8::1");
    literal("IPv6 unspecified", "::", "::");
    literal("IPv4 mapped into IPv6", "[::ffff:10.0.0.1]", "10.0.0.1");
}

void TestHostName::normalises()
{
    QFETCH(QByteArray, text);
    QFETCH(QByteArray, name);
    QFETCH(QByteArray, literal);
    const auto host = normaliseHost(text.toStdString());
    QVERIFY(host.has_value());
    QCOMPARE(QByteArray::fromStdString(host->name), name);
    QCOMPARE(host->literal.has_value(), !literal.isEmpty());
    if (host->literal)
        QCOMPARE(QByteArray::fromStdString(host->literal->toString()), literal);
}

void TestHostName::refuses_data()
{
    QTest::addColumn<QByteArray>("text");
    const auto row = [](const char *name, const QByteArray &text) { QTest::newRow(name) << text; };
    row("empty", "");
    row("dot", ".");
    row("two dots", "..");
    row("empty label first", ".example.org");
    row("empty label inside", "example..org");
    row("two final dots", "example.org..");
    row("label of 64", QByteArray(64, 'a') + ".org");
    row("name of 254", QByteArray(QByteArray(63, 'a') + ".").repeated(3) + QByteArray(62, 'b'));
    row("name of 64 KiB", QByteArray(65536, 'a'));
    row("port only", ":80");
    row("blank inside", "a b");
    row("blank first", " a");
    row("blank last", "a ");
    row("tab", "a\tb");
    row("NUL inside", QByteArray("a\0b", 3));
    row("NUL last", QByteArray("a.test\0", 7));
    row("CR LF", "a.test\r\n");
    row("LF", "a\nb");
    row("escape", "a\x1b[0m");
    row("bell", "a\x07");
    row("delete", "a\x7f");
    row("UTF-8", "m\xc3\xbcnchen.de");
    row("UTF-8 full stop", "a\xe3\x80\x82test");
    row("broken UTF-8", "\xff\xfe");
    row("user", "user@host");
    row("path", "a/b");
    row("backslash", "a\\b");
    row("scheme", "http://a");
    row("query", "a?b");
    row("fragment", "a#b");
    row("percent", "a%00b");
    row("star", "*.example.org");
    row("comma", "a.test,b.test");
    row("semicolon", "a;reboot");
    row("dollar", "$(reboot)");
    row("back-tick", "`reboot`");
    row("quotes", "\"a\"");
    row("angle brackets", "<a>");
    row("port no number", "a:http");
    row("port negative", "a:-1");
    row("port with sign", "a:+80");
    row("port too large", "a:65536");
    row("port huge", "a:99999999999999999999");
    row("port with blank", "a: 80");
    row("dot behind the port", "a:80.");
    row("two ports", "a:80:90");
    row("brackets empty", "[]");
    row("brackets open", "[::1");
    row("brackets round a name", "[a.test]");
    row("brackets round IPv4", "[1.2.3.4]");
    row("text behind brackets", "[::1]x");
    row("bad port behind brackets", "[::1]:x");
    row("IPv6 with zone", "[fe80::1%eth0]");
    row("IPv6 bare with zone", "fe80::1%eth0");
    row("IPv6 too long", "1:2:3:4:5:6:7:8:9");
    row("IPv4 short", "127.1");
    row("IPv4 as one number", "2130706433");
    row("IPv4 hexadecimal", "0x7f.1");
    row("IPv4 hexadecimal last", "127.0.0.0x1");
    row("IPv4 hexadecimal in upper case", "0X7F000001");
    row("IPv4 octal", "0177.0.0.1");
    row("IPv4 out of range", "1.2.3.256");
    row("IPv4 of five parts", "1.2.3.4.5");
    row("0x alone", "a.0x");
}

void TestHostName::refuses()
{
    QFETCH(QByteArray, text);
    QVERIFY(!normaliseHost(text.toStdString()).has_value());
}

void TestHostName::keepsPort()
{
    QCOMPARE(normaliseHost("a:0")->port, std::optional<std::uint16_t>(0));
    QCOMPARE(normaliseHost("a:65535")->port, std::optional<std::uint16_t>(65535));
    QCOMPARE(normaliseHost("[::1]:53")->port, std::optional<std::uint16_t>(53));
    QVERIFY(!normaliseHost("a:")->port);
    QVERIFY(!normaliseHost("::1:53")->port); // an address, all of it
}

QTEST_APPLESS_MAIN(TestHostName)
#include "tst_host_name.moc"
