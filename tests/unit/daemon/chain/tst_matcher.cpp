// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/chain/matcher.h"

#include <QTest>

using namespace sluice;
using namespace sluice::chain;

namespace {

MatchRequest request(std::string_view host, const char *client = "192.168.1.7")
{
    return {policy::Network::Tcp, host, "tls", IpAddress::parse(client)};
}

} // namespace

class TestMatcher : public QObject
{
    Q_OBJECT

private slots:
    void evaluates_data();
    void evaluates();
    void refuses_data();
    void refuses();
    void tellsColumnOfMistake();
    void tellsFunctionsWithoutData();
    void matchesNetwork();
    void knowsNothingOfMissingClient();
    void refusesHugeAndDeepRules();
    void takesLongChainOfOperators();
    void filtersNodes_data();
    void filtersNodes();
    void takesLengthAsPriority();
};

void TestMatcher::evaluates_data()
{
    QTest::addColumn<QByteArray>("rule");
    QTest::addColumn<QByteArray>("host");
    QTest::addColumn<bool>("isMatch");
    const auto row = [](const char *name, const QByteArray &rule, const QByteArray &host, bool isMatch) {
        QTest::newRow(name) << rule << host << isMatch;
    };
    row("host", "Host(`a.test`)", "a.test", true);
    row("host in upper case", "Host(`A.Test`)", "a.test", true);
    row("other host", "Host(`a.test`)", "b.test", false);
    row("host, subdomain", "Host(`a.test`)", "x.a.test", false);
    row("host unknown", "Host(`a.test`)", "", false);
    row("star, subdomain", "Host(`*.a.test`)", "x.a.test", true);
    row("star, deep subdomain", "Host(`*.a.test`)", "x.y.a.test", true);
    row("star, domain itself", "Host(`*.a.test`)", "a.test", false);
    row("star, other name with its end", "Host(`*.a.test`)", "xa.test", false);
    row("star without dot", "Host(`*a.test`)", "x.a.test", true);
    row("star without dot, other name with its end", "Host(`*a.test`)", "xa.test", false);
    row("lone star", "Host(`*`)", "any.test", true);
    row("lone star, host unknown", "Host(`*`)", "", false);
    row("address as host", "Host(`192.0.2.1`)", "192.0.2.1", true);
    row("double quotes", "Host(\"a.test\")", "a.test", true);
    row("name of function in lower case", "host(`a.test`)", "a.test", true);
    row("name of function in upper case", "HOST(`a.test`)", "a.test", true);
    row("name of function in mixed case", "Clientip(`192.168.0.0/16`)", "a.test", true);
    row("blanks", "  Host ( `a.test` )  ", "a.test", true);
    row("expression", "HostRegexp(`^[a-c]+\\.test$`)", "abc.test", true);
    row("expression elsewhere", "HostRegexp(`b`)", "abc.test", true);
    row("expression that does not match", "HostRegexp(`^b`)", "abc.test", false);
    row("expression in double quotes", "HostRegexp(\"^a\\\\.t\")", "a.test", true);
    row("client address", "ClientIP(`192.168.1.7`)", "a.test", true);
    row("client prefix", "ClientIP(`192.168.1.0/24`)", "a.test", true);
    row("client elsewhere", "ClientIP(`10.0.0.0/8`)", "a.test", false);
    row("client of other family", "ClientIP(`::/0`)", "a.test", false);
    row("network", "Network(`tcp`)", "a.test", true);
    row("network in upper case", "Network(`TCP`)", "a.test", true);
    row("other network", "Network(`udp`)", "a.test", false);
    row("protocol", "Proto(`TLS`)", "a.test", true);
    row("other protocol", "Proto(`http`)", "a.test", false);
    row("not", "!Host(`a.test`)", "a.test", false);
    row("not not", "!!Host(`a.test`)", "a.test", true);
    row("and", "Host(`a.test`) && Network(`tcp`)", "a.test", true);
    row("and, one false", "Host(`a.test`) && Network(`udp`)", "a.test", false);
    row("or", "Host(`b.test`) || Host(`a.test`)", "a.test", true);
    row("or, both false", "Host(`b.test`) || Host(`c.test`)", "a.test", false);
    row("and before or", "Host(`a.test`) || Host(`b.test`) && Network(`udp`)", "a.test", true);
    row("brackets before and", "(Host(`a.test`) || Host(`b.test`)) && Network(`udp`)", "a.test", false);
    row("not before and", "!Host(`b.test`) && Host(`a.test`)", "a.test", true);
    row("not of brackets", "!(Host(`a.test`) && Network(`tcp`))", "a.test", false);
    row("three of a kind", "Host(`x`) || Host(`y`) || Host(`a.test`)", "a.test", true);
    row("no blanks", "Host(`b`)||Host(`a.test`)&&!Host(`c`)", "a.test", true);
    row("function without data", "Method(`GET`)", "a.test", false);
    row("not of function without data", "!Path(`/x`)", "a.test", true);
    row("function without data, or", "Header(`A`, `b`) || Host(`a.test`)", "a.test", true);
    row("all functions without data",
        "Method(`G`)||Path(`/`)||PathPrefix(`/`)||PathRegexp(`/`)||Header(`a`)||HeaderRegexp(`a`,`b`)||Query(`a`,`b`)"
        "||QueryRegexp(`a`)||BodyJSON(`a`,`b`)||BodyRegexp(`a`)||Bypass(`b`)||Admission(`a`)",
        "a.test", false);
}

void TestMatcher::evaluates()
{
    QFETCH(QByteArray, rule);
    QFETCH(QByteArray, host);
    QFETCH(bool, isMatch);
    const auto matcher = Matcher::parse(rule.toStdString());
    QVERIFY2(matcher.hasValue(), matcher ? "" : matcher.error().message.c_str());
    QCOMPARE((*matcher)->matches(request(host.toStdString())), isMatch);
}

void TestMatcher::refuses_data()
{
    QTest::addColumn<QByteArray>("rule");
    const auto row = [](const char *name, const QByteArray &rule) { QTest::newRow(name) << rule; };
    row("empty", "");
    row("blank", "  ");
    row("no function", "`a`");
    row("unknown function", "Hosts(`a`)");
    row("no argument", "Host()");
    row("empty argument", "Host(``)");
    row("two arguments for one", "Host(`a`, `b`)");
    row("three arguments for two", "HeaderRegexp(`a`,`b`,`c`)");
    row("argument without quotes", "Host(a.test)");
    row("argument in single quotes", "Host('a.test')");
    row("argument without end", "Host(`a.test)");
    row("argument that ends in a back-slash", "Host(\"a\\");
    row("unknown escape", "Host(\"a\\n\")");
    row("bracket missing", "Host(`a`");
    row("outer bracket missing", "(Host(`a`)");
    row("bracket too many", "Host(`a`))");
    row("operator at the end", "Host(`a`) &&");
    row("operator at the start", "&& Host(`a`)");
    row("single ampersand", "Host(`a`) & Host(`b`)");
    row("two functions side by side", "Host(`a`) Host(`b`)");
    row("not alone", "!");
    row("empty brackets", "()");
    row("word for operator", "Host(`a`) and Host(`b`)");
    row("broken expression", "HostRegexp(`(`)");
    row("no address", "ClientIP(`a.test`)");
    row("prefix too long", "ClientIP(`10.0.0.0/33`)");
    row("name beyond ASCII", "Host(`\xc3\xa4.test`)");
    row("NUL", QByteArray("Host(`a`)\0", 10));
}

void TestMatcher::refuses()
{
    QFETCH(QByteArray, rule);
    const auto matcher = Matcher::parse(rule.toStdString());
    QVERIFY(!matcher);
    QCOMPARE(matcher.error().code, ErrorCode::InvalidConfig);
}

void TestMatcher::tellsColumnOfMistake()
{
    const auto matcher = Matcher::parse("Host(`a`) && Hots(`b`)");
    QVERIFY(!matcher);
    QCOMPARE(QByteArray::fromStdString(matcher.error().message), QByteArray("column 14: there is no function 'Hots'"));
}

void TestMatcher::tellsFunctionsWithoutData()
{
    QVERIFY((*Matcher::parse("Host(`a`) && !Path(`/b`)"))->hasFunctionsWithoutData());
    QVERIFY(!(*Matcher::parse("Host(`a`) && !Proto(`http`)"))->hasFunctionsWithoutData());
}

void TestMatcher::matchesNetwork()
{
    const auto udp = Matcher::parse("Network(`udp`)");
    QVERIFY((*udp)->matches({policy::Network::Udp, {}, {}, {}}));
    QVERIFY(!(*udp)->matches({policy::Network::Tcp, {}, {}, {}}));
}

void TestMatcher::knowsNothingOfMissingClient()
{
    QVERIFY(!(*Matcher::parse("ClientIP(`0.0.0.0/0`)"))->matches({policy::Network::Tcp, "a.test", {}, {}}));
}

void TestMatcher::refusesHugeAndDeepRules()
{
    QVERIFY(!Matcher::parse("Host(`" + std::string(5000, 'a') + "`)"));
    QVERIFY(!Matcher::parse(std::string(4000, '(')));
    QVERIFY(!Matcher::parse(std::string(4000, '!') + "Host(`a`)"));
    QVERIFY(Matcher::parse(std::string(50, '!') + "Host(`a`)"));
}

void TestMatcher::takesLongChainOfOperators()
{
    std::string rule = "Host(`b`)";
    while (rule.size() < 4000)
        rule += "||Host(`b`)";
    const auto matcher = Matcher::parse(rule + "||Host(`a`)");
    QVERIFY(matcher);
    QVERIFY((*matcher)->matches(request("a")));
    QVERIFY(!(*matcher)->matches(request("c")));
}

void TestMatcher::filtersNodes_data()
{
    QTest::addColumn<QByteArray>("hostFilter");
    QTest::addColumn<QByteArray>("protocolFilter");
    QTest::addColumn<QByteArray>("pathFilter");
    QTest::addColumn<QByteArray>("host");
    QTest::addColumn<bool>("isMatch");
    const auto row = [](const char *name, const QByteArray &hostFilter, const QByteArray &protocol,
                        const QByteArray &path, const QByteArray &host,
                        bool isMatch) { QTest::newRow(name) << hostFilter << protocol << path << host << isMatch; };
    row("empty filter", "", "", "", "a.test", true);
    row("empty filter, host unknown", "", "", "", "", true);
    row("exact", "a.test", "", "", "a.test", true);
    row("exact, subdomain", "a.test", "", "", "x.a.test", false);
    row("host unknown", "a.test", "", "", "", false);
    row("star, subdomain", "*.a.test", "", "", "x.a.test", true);
    row("star, domain itself", "*.a.test", "", "", "a.test", true);
    row("star without dot", "*a.test", "", "", "x.a.test", true);
    row("star, other name with its end", "*.a.test", "", "", "xa.test", false);
    row("leading dot", ".a.test", "", "", "x.a.test", true);
    row("protocol", "", "tls", "", "a.test", true);
    row("other protocol", "", "http", "", "a.test", false);
    row("path", "", "", "/x", "a.test", false);
}

void TestMatcher::filtersNodes()
{
    QFETCH(QByteArray, hostFilter);
    QFETCH(QByteArray, protocolFilter);
    QFETCH(QByteArray, pathFilter);
    QFETCH(QByteArray, host);
    QFETCH(bool, isMatch);
    const NodeFilter filter({hostFilter.toStdString(), protocolFilter.toStdString(), pathFilter.toStdString()});
    QCOMPARE(filter.matches(request(host.toStdString())), isMatch);
}

void TestMatcher::takesLengthAsPriority()
{
    QCOMPARE(effectivePriority({"Host(`a`)", 0}), 9);
    QCOMPARE(effectivePriority({"Host(`a`)", 3}), 3);
    QCOMPARE(effectivePriority({"Host(`a`)", -1}), -1);
}

QTEST_APPLESS_MAIN(TestMatcher)
#include "tst_matcher.moc"
