// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/policy/bypass.h"

#include <QTest>

#include <chrono>

using namespace sluice;
using namespace sluice::policy;

namespace {

std::shared_ptr<const Bypass> list(std::vector<std::string> matchers, bool isWhitelist = false,
                                   std::string network = {})
{
    config::BypassConfig config;
    config.matchers = std::move(matchers);
    config.isWhitelist = isWhitelist;
    config.network = std::move(network);
    return std::make_shared<const Bypass>(config);
}

std::shared_ptr<const Bypass> whitelist(std::vector<std::string> matchers)
{
    return list(std::move(matchers), true);
}

Destination toAddress(std::string_view address, std::uint16_t port = 80)
{
    return {Network::Tcp, port, IpAddress::parse(address), {}};
}

Destination toName(std::string_view name, std::uint16_t port = 80)
{
    return {Network::Tcp, port, std::nullopt, name};
}

Destination toBoth(std::string_view address, std::string_view name, std::uint16_t port = 80)
{
    return {Network::Tcp, port, IpAddress::parse(address), name};
}

} // namespace

class TestBypass : public QObject
{
    Q_OBJECT

private slots:
    void matches_data();
    void matches();
    void listsPatternsThatMatchNothing_data();
    void listsPatternsThatMatchNothing();
    void ignoresOtherNetworks();
    void takesEmptyListAsNoList();
    void takesEmptyBlacklistWithNetworkAsAllOfIt();
    void refusesAllWhenWhitelistIsUnusable();
    void addsLinesOfFile();
    void combinesWhitelistsAndBlacklists();
    void decidesAddressAndNameTogether();
    void asksForNameOnlyWhereItHelps();
    void leavesOutWhitelistsOfOtherNetworks();
    void looksUpLargeListsQuickly();
};

void TestBypass::matches_data()
{
    QTest::addColumn<QByteArray>("pattern");
    QTest::addColumn<QByteArray>("host");
    QTest::addColumn<int>("port");
    QTest::addColumn<bool>("isMatch");
    const auto row = [](const char *name, const QByteArray &pattern, const QByteArray &host, int port, bool isMatch) {
        QTest::newRow(name) << pattern << host << port << isMatch;
    };
    row("IPv4, any port", "1.2.3.4", "1.2.3.4", 81, true);
    row("IPv4, other address", "1.2.3.4", "1.2.3.5", 81, false);
    row("IPv6, any port", "::3", "::3", 80, true);
    row("IPv6 in brackets", "[::3]", "::3", 80, true);
    row("IPv4 and port", "1.2.3.4:81", "1.2.3.4", 81, true);
    row("IPv4 and other port", "1.2.3.4:81", "1.2.3.4", 82, false);
    row("IPv4 and ports", "1.2.3.4:81-90", "1.2.3.4", 90, true);
    row("IPv6 and port", "[::2]:80", "::2", 80, true);
    row("IPv6 and other port", "[::2]:80", "::2", 81, false);
    row("prefix, first address", "10.0.0.0/8", "10.0.0.0", 1, true);
    row("prefix, last address", "10.0.0.0/8", "10.255.255.255", 65535, true);
    row("prefix, behind", "10.0.0.0/8", "11.0.0.0", 1, false);
    row("prefix of length 0", "0.0.0.0/0", "255.255.255.255", 1, true);
    row("IPv4 prefix of length 0 and IPv6", "0.0.0.0/0", "::1", 1, false);
    row("IPv6 prefix", "fd00::/8", "fdff::1", 1, true);
    row("IPv6 prefix, outside", "fd00::/8", "fe00::1", 1, false);
    row("range, first", "127.2.0.1-127.2.0.9", "127.2.0.1", 1, true);
    row("range, last", "127.2.0.1-127.2.0.9", "127.2.0.9", 1, true);
    row("range, behind", "127.2.0.1-127.2.0.9", "127.2.0.10", 1, false);
    row("IPv6 range", "::1-::f", "::9", 1, true);
    row("mapped address is IPv4", "[::ffff:127.0.0.5]", "127.0.0.5", 1, true);
    row("exact name", "plain.test", "plain.test", 1, true);
    row("exact name in upper case", "Plain.TEST", "plain.test", 1, true);
    row("exact name with final dot", "plain.test.", "plain.test", 1, true);
    row("exact name, subdomain", "plain.test", "a.plain.test", 1, false);
    row("exact name, other name with its end", "plain.test", "xplain.test", 1, false);
    row("name with a hyphen is no range", "a-b.test", "a-b.test", 1, true);
    row("domain itself", ".dom.test", "dom.test", 1, true);
    row("domain, subdomain", ".dom.test", "a.dom.test", 1, true);
    row("domain, deep subdomain", ".dom.test", "a.b.c.dom.test", 1, true);
    row("domain, other name with its end", ".dom.test", "xdom.test", 1, false);
    row("domain, parent", ".dom.test", "test", 1, false);
    row("domain and port", ".dom.test:443", "a.dom.test", 443, true);
    row("domain and other port", ".dom.test:443", "a.dom.test", 80, false);
    row("star, subdomain", "*.glob.test", "a.glob.test", 1, true);
    row("star spans dots", "*.glob.test", "a.b.glob.test", 1, true);
    row("star, domain itself", "*.glob.test", "glob.test", 1, false);
    row("star, other name with its end", "*.glob.test", "xglob.test", 1, false);
    row("star without dot", "*glob.test", "xglob.test", 1, true);
    row("star inside", "a*.test", "a.b.test", 1, true);
    row("two stars", "*a*.test", "xxayy.test", 1, true);
    row("question mark", "ex?ct.test", "exact.test", 1, true);
    row("question mark is not nothing", "ex?ct.test", "exct.test", 1, false);
    row("question mark may be a dot", "a?b.test", "a.b.test", 1, true);
    row("name and port", "host:443", "host", 443, true);
    row("name and other port", "host:443", "host", 80, false);
    row("name and ports, first", "host:1000-2000", "host", 1000, true);
    row("name and ports, last", "host:1000-2000", "host", 2000, true);
    row("name and ports, below", "host:1000-2000", "host", 999, false);
    row("star and port", "*.g2.test:90", "a.g2.test", 90, true);
    row("star and other port", "*.g2.test:90", "a.g2.test", 91, false);
    row("lone star and port", "*:8443", "any.test", 8443, true);
    row("lone star and other port", "*:8443", "any.test", 443, false);
    row("lone star and port, address", "*:8443", "192.0.2.1", 8443, true);
    row("lone star, IPv6 address", "*", "2001:db8::1", 1, true);
    row("star in an address", "192.168.*", "192.168.3.4", 1, true);
    row("star in an address, outside", "192.168.*", "192.169.3.4", 1, false);
    row("star before a number", "*.7", "192.0.2.7", 1, true);
    row("name never resolved", "127.0.0.1", "localhost", 1, false);
    row("name pattern and address", "localhost", "127.0.0.1", 1, false);
    row("glob of letters and address", "*.fade", "10.0.0.1", 1, false);
}

void TestBypass::matches()
{
    QFETCH(QByteArray, pattern);
    QFETCH(QByteArray, host);
    QFETCH(int, port);
    QFETCH(bool, isMatch);
    const auto bypass = list({pattern.toStdString()});
    QVERIFY(bypass->unusablePatterns().empty());
    const std::string text = host.toStdString();
    const auto portNumber = static_cast<std::uint16_t>(port);

    QCOMPARE(bypass->matches(toName(text, portNumber)), isMatch); // a client may write an address as a host too
    if (IpAddress::parse(text))
        QCOMPARE(bypass->matches(toAddress(text, portNumber)), isMatch);

    const BypassGroup blacklists({bypass});
    QCOMPARE(blacklists.decide(toName(text, portNumber)), isMatch ? Decision::Refuse : Decision::Allow);
    const BypassGroup whitelists({whitelist({pattern.toStdString()})});
    QCOMPARE(whitelists.decide(toName(text, portNumber)), isMatch ? Decision::Allow : Decision::Refuse);
}

void TestBypass::listsPatternsThatMatchNothing_data()
{
    QTest::addColumn<QByteArray>("pattern");
    QTest::newRow("URL") << QByteArray("http://a.test/");
    QTest::newRow("port no number") << QByteArray("a.test:http");
    QTest::newRow("ports backwards") << QByteArray("a.test:20-10");
    QTest::newRow("port too large") << QByteArray("a.test:65536");
    QTest::newRow("prefix too long") << QByteArray("10.0.0.0/33");
    QTest::newRow("prefix with port") << QByteArray("10.0.0.0/8:80");
    QTest::newRow("range backwards") << QByteArray("10.0.0.9-10.0.0.1");
    QTest::newRow("range over families") << QByteArray("10.0.0.1-::1");
    QTest::newRow("address out of range") << QByteArray("10.0.0.256");
    QTest::newRow("part of an address") << QByteArray("10.0.0");
    QTest::newRow("regular expression") << QByteArray("^a+$");
    QTest::newRow("open bracket") << QByteArray("[::1");
    QTest::newRow("lone dot") << QByteArray(".");
    QTest::newRow("port alone") << QByteArray(":80");
    QTest::newRow("UTF-8") << QByteArray("\xc3\xa4.test");
}

void TestBypass::listsPatternsThatMatchNothing()
{
    QFETCH(QByteArray, pattern);
    const auto bypass = list({"good.test", pattern.toStdString()});
    QCOMPARE(bypass->unusablePatterns(), std::vector<std::string>{pattern.toStdString()});
    QVERIFY(bypass->matches(toName("good.test")));
}

void TestBypass::ignoresOtherNetworks()
{
    const BypassGroup udpOnly({list({".a.test"}, false, "udp")});
    QCOMPARE(udpOnly.decide(toName("a.test")), Decision::Allow);
    QCOMPARE(udpOnly.decide({Network::Udp, 80, std::nullopt, "a.test"}), Decision::Refuse);
    const BypassGroup udpWhitelist({list({".a.test"}, true, "udp")});
    QCOMPARE(udpWhitelist.decide(toName("b.test")), Decision::Allow);
    QCOMPARE(udpWhitelist.decide({Network::Udp, 80, std::nullopt, "b.test"}), Decision::Refuse);
    const BypassGroup misspelt({list({".a.test"}, false, "sctp")});
    QCOMPARE(misspelt.decide(toName("a.test")), Decision::Allow);
}

void TestBypass::takesEmptyListAsNoList()
{
    for (const auto &empty : {list({}), whitelist({}), list({}, true, "tcp"), list({"", "  "})})
        QCOMPARE(BypassGroup({empty}).decide(toBoth("192.0.2.1", "a.test")), Decision::Allow);
    QCOMPARE(BypassGroup().decide(toAddress("192.0.2.1")), Decision::Allow);
    QCOMPARE(BypassGroup({whitelist({}), whitelist({".a.test"})}).decide(toName("b.test")), Decision::Refuse);
}

void TestBypass::takesEmptyBlacklistWithNetworkAsAllOfIt()
{
    const BypassGroup noUdp({list({}, false, "udp")});
    QCOMPARE(noUdp.decide({Network::Udp, 53, IpAddress::parse("192.0.2.1"), {}}), Decision::Refuse);
    QCOMPARE(noUdp.decide(toAddress("192.0.2.1", 53)), Decision::Allow);
}

void TestBypass::refusesAllWhenWhitelistIsUnusable()
{
    QCOMPARE(BypassGroup({whitelist({"http://a.test"})}).decide(toBoth("192.0.2.1", "a.test")), Decision::Refuse);
}

void TestBypass::addsLinesOfFile()
{
    const config::BypassConfig config;
    const Bypass bypass(config, {"10.0.0.0/8", ".a.test"});
    QVERIFY(bypass.matches(toAddress("10.1.1.1")));
    QVERIFY(bypass.matches(toName("x.a.test")));
}

void TestBypass::combinesWhitelistsAndBlacklists()
{
    const BypassGroup group({whitelist({".allowed.test", "ok.test"}), list({"bad.allowed.test"})});
    QCOMPARE(group.decide(toName("x.allowed.test")), Decision::Allow);
    QCOMPARE(group.decide(toName("ok.test")), Decision::Allow);
    QCOMPARE(group.decide(toName("bad.allowed.test")), Decision::Refuse);
    QCOMPARE(group.decide(toName("other.test")), Decision::Refuse);
    const BypassGroup two({whitelist({"a.test"}), whitelist({"b.test"})});
    QCOMPARE(two.decide(toName("a.test")), Decision::Allow);
    QCOMPARE(two.decide(toName("b.test")), Decision::Allow);
    QCOMPARE(two.decide(toName("c.test")), Decision::Refuse);
}

void TestBypass::decidesAddressAndNameTogether()
{
    const BypassGroup allowed({whitelist({"allowed.test", "10.0.0.0/8"})});
    QCOMPARE(allowed.decide(toBoth("192.0.2.1", "allowed.test")), Decision::Allow);
    QCOMPARE(allowed.decide(toBoth("192.0.2.1", "other.test")), Decision::Refuse);
    QCOMPARE(allowed.decide(toBoth("10.1.1.1", "other.test")), Decision::Allow);

    // A forged name does not open a blocked address, and a blocked name stays blocked whatever its address.
    const BypassGroup blocked({list({"10.0.0.5", "blocked.test"})});
    QCOMPARE(blocked.decide(toBoth("10.0.0.5", "allowed.test")), Decision::Refuse);
    QCOMPARE(blocked.decide(toBoth("192.0.2.1", "blocked.test")), Decision::Refuse);
    QCOMPARE(blocked.decide(toBoth("192.0.2.1", "allowed.test")), Decision::Allow);
    QCOMPARE(blocked.decide(toBoth("192.0.2.1", "10.0.0.5")), Decision::Refuse);
}

void TestBypass::asksForNameOnlyWhereItHelps()
{
    QCOMPARE(BypassGroup({whitelist({"allowed.test"})}).decide(toAddress("192.0.2.1")), Decision::NeedName);
    QCOMPARE(BypassGroup({whitelist({"*.test"})}).decide(toAddress("192.0.2.1")), Decision::NeedName);
    QCOMPARE(BypassGroup({whitelist({"a?.test:443"})}).decide(toAddress("192.0.2.1")), Decision::NeedName);
    QCOMPARE(BypassGroup({whitelist({"10.0.0.0/8"})}).decide(toAddress("192.0.2.1")), Decision::Refuse);
    QCOMPARE(BypassGroup({whitelist({"10.0.0.0/8", "a.test"})}).decide(toAddress("10.0.0.1")), Decision::Allow);
    // A blacklist's word is final, with or without a name.
    const BypassGroup mixed({whitelist({"allowed.test"}), list({"192.0.2.1"})});
    QCOMPARE(mixed.decide(toAddress("192.0.2.1")), Decision::Refuse);
}

void TestBypass::leavesOutWhitelistsOfOtherNetworks()
{
    const BypassGroup group({list({"a.test"}, true, "tcp"), whitelist({"b.test"})});
    QCOMPARE(group.decide({Network::Udp, 1, std::nullopt, "c.test"}), Decision::Refuse);
    QCOMPARE(group.decide({Network::Udp, 1, std::nullopt, "b.test"}), Decision::Allow);
}

void TestBypass::looksUpLargeListsQuickly()
{
    std::vector<std::string> patterns;
    for (int i = 0; i < 100'000; ++i) {
        patterns.push_back(".domain" + std::to_string(i) + ".test");
        patterns.push_back(std::to_string(i % 200 + 1) + "." + std::to_string(i / 200 % 256) + "." +
                           std::to_string(i / 51'200) + ".0/30");
    }
    const BypassGroup group({list(patterns)});
    const auto start = std::chrono::steady_clock::now();
    for (int i = 0; i < 10'000; ++i) {
        QCOMPARE(group.decide(toBoth("250.1.2.3", "a.b.c.d.e.example.org")), Decision::Allow);
        QCOMPARE(group.decide(toBoth("250.1.2.3", "a.b.c.domain77.test")), Decision::Refuse);
    }
    // About 10 ms here; a walk over the patterns would take minutes.
    QVERIFY(std::chrono::steady_clock::now() - start < std::chrono::seconds(5));
}

QTEST_APPLESS_MAIN(TestBypass)
#include "tst_bypass.moc"
