// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/unit/daemon/connector/connector_fixture.h"

#include <QTest>

using namespace sluice;
using namespace sluice::test;

namespace {

const connector::Target target{"example.com", 443};

config::LayerConfig withHeaders(std::initializer_list<std::pair<const char *, const char *>> headers)
{
    config::MetadataValue::Map map;
    for (const auto &[name, value] : headers)
        map[name].value = std::string(value);
    config::LayerConfig config = layer("http");
    config.metadata.set("header", {map});
    return config;
}

} // namespace

class TestHttpConnector : public QObject
{
    Q_OBJECT

private slots:
    void asksAsGostDoes()
    {
        Dial dial(layer("http", "user", "pass"));
        dial.start(target);
        const std::string expected = "CONNECT example.com:443 HTTP/1.1\r\n"
                                     "Host: example.com:443\r\n"
                                     "User-Agent: Go-http-client/1.1\r\n"
                                     "Proxy-Authorization: Basic dXNlcjpwYXNz\r\n"
                                     "Proxy-Connection: keep-alive\r\n"
                                     "\r\n";
        QVERIFY(dial.nodeHas(expected.size()));
        QCOMPARE(dial.node.received, expected);
        QVERIFY(!dial.outcome.isThere());
        dial.node.send("HTTP/1.1 200 Connection established\r\n\r\n");
        QVERIFY(dial.ends() && dial.outcome.isGood());
        QVERIFY(dial.outcome.stream().plainSocket() != nullptr); // open to splicing
    }

    void bracketsIpv6Targets()
    {
        Dial dial(layer("http"));
        dial.start({"2001:db8::1", 80});
        const std::string first = "CONNECT [2001:db8::1]:80 HTTP/1.1\r\nHost: [2001:db8::1]:80\r\n";
        QVERIFY(dial.nodeHas(first.size()));
        QCOMPARE(dial.node.received.substr(0, first.size()), first);
        QVERIFY(dial.node.received.find("Authorization") == std::string::npos);
    }

    void sendsConfiguredHeaders()
    {
        Dial dial(withHeaders({{"user-agent", "curl/8"}, {"x-token", "a b"}, {"host", "ignored"}}));
        dial.start(target);
        QVERIFY(dial.nodeHas(100));
        QCOMPARE(dial.node.received, std::string("CONNECT example.com:443 HTTP/1.1\r\n"
                                                 "Host: example.com:443\r\n"
                                                 "User-Agent: curl/8\r\n"
                                                 "Proxy-Connection: keep-alive\r\n"
                                                 "X-Token: a b\r\n"
                                                 "\r\n"));
    }

    void refusesHeadersThatWouldForgeOthers()
    {
        QVERIFY(!trouble(withHeaders({{"x-a", "1\r\nx-b: 2"}})).empty());
        QVERIFY(!trouble(withHeaders({{"x a", "1"}})).empty());
        config::LayerConfig noMap = layer("http");
        noMap.metadata.set("header", {std::string("x: y")});
        QVERIFY(!trouble(noMap).empty());
    }

    void refusesATargetThatWouldForgeAHeader()
    {
        Dial dial(layer("http"));
        dial.start({"a.test:80 HTTP/1.1\r\nX: y", 80});
        QVERIFY(dial.failsWith(ErrorCode::InvalidArgument, "is no host name"));
    }

    void acceptsAnySuccess_data()
    {
        QTest::addColumn<QByteArray>("head");
        QTest::newRow("200") << QByteArray("HTTP/1.1 200 Connection established\r\n\r\n");
        QTest::newRow("201") << QByteArray("HTTP/1.1 201 Created\r\n\r\n");
        QTest::newRow("version 1.0") << QByteArray("HTTP/1.0 200 OK\r\nVia: x\r\n\r\n");
        QTest::newRow("no reason phrase") << QByteArray("HTTP/1.1 200\r\n\r\n");
        QTest::newRow("bare line feeds") << QByteArray("HTTP/1.1 200 OK\nVia: x\n\n");
        QTest::newRow("a length that means nothing") << QByteArray("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n");
        QTest::newRow("after interim answers") << QByteArray("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\n"
                                                             "Link: x\r\n\r\nHTTP/1.1 200 OK\r\n\r\n");
    }
    void acceptsAnySuccess()
    {
        QFETCH(QByteArray, head);
        for (const std::size_t bytesPerTurn : {0U, 1U, 7U}) {
            Dial dial(layer("http"));
            dial.node.bytesPerTurn = bytesPerTurn;
            dial.start(target);
            dial.node.send(head.toStdString() + "EARLYDATA"); // the tunnel's first bytes in the same segment
            QVERIFY(dial.ends());
            QVERIFY2(dial.outcome.isGood(), dial.outcome.error().message.c_str());
            QCOMPARE(dial.tunnelled(9), std::string("EARLYDATA"));
        }
    }

    void saysWhyItWasRefused_data()
    {
        QTest::addColumn<QByteArray>("head");
        QTest::addColumn<int>("code");
        QTest::addColumn<QByteArray>("part");
        const auto row = [](const char *name, const char *head, ErrorCode code, const char *part) {
            QTest::newRow(name) << QByteArray(head) << static_cast<int>(code) << QByteArray(part);
        };
        row("407", "HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", ErrorCode::AuthFailed, "wants a user name");
        row("403", "HTTP/1.1 403 Forbidden\r\n\r\n", ErrorCode::Refused,
            "'403 Forbidden' when asked for example.com:443");
        row("302", "HTTP/1.1 302 Found\r\n\r\n", ErrorCode::Refused, "302 Found");
        row("502", "HTTP/1.1 502 Bad Gateway\r\n\r\n", ErrorCode::Unreachable, "cannot reach example.com:443");
        row("503", "HTTP/1.1 503 Service Unavailable\r\n\r\n", ErrorCode::Unreachable, "503 Service Unavailable");
        row("504", "HTTP/1.1 504 Gateway Timeout\r\n\r\n", ErrorCode::Timeout, "no answer");
        row("101", "HTTP/1.1 101 Switching Protocols\r\n\r\n", ErrorCode::ProtocolError, "101");
        row("not HTTP", "SSH-2.0-OpenSSH", ErrorCode::ProtocolError, "does not speak HTTP");
        row("HTTP/2", "HTTP/2 200\r\n\r\n", ErrorCode::ProtocolError, "does not speak HTTP");
        row("no number", "HTTP/1.1 two hundred\r\n\r\n", ErrorCode::ProtocolError, "two hundred");
        row("number too small", "HTTP/1.1 099 X\r\n\r\n", ErrorCode::ProtocolError, "099 X");
        row("number too long", "HTTP/1.1 2000 X\r\n\r\n", ErrorCode::ProtocolError, "2000 X");
        row("control characters", "HTTP/1.1 403 \x1b[2J\x07\r\n\r\n", ErrorCode::Refused, "'403 ?[2J?'");
    }
    void saysWhyItWasRefused()
    {
        QFETCH(QByteArray, head);
        QFETCH(int, code);
        QFETCH(QByteArray, part);
        Dial dial(layer("http"));
        dial.start(target);
        dial.node.send(head.toStdString());
        QVERIFY(dial.failsWith(static_cast<ErrorCode>(code), part.toStdString()));
    }

    void tellsWrongCredentialsFromMissingOnesAndKeepsThemSecret()
    {
        Dial dial(layer("http", "someone", "s3cret"));
        dial.start(target);
        dial.node.send("HTTP/1.1 407 Proxy Authentication Required\r\n\r\n");
        QVERIFY(dial.failsWith(ErrorCode::AuthFailed, "does not accept the user name or password"));
        QVERIFY(dial.outcome.error().message.find("s3cret") == std::string::npos);
        QVERIFY(dial.outcome.error().message.find("someone") == std::string::npos);
    }

    void takes401ForRefusedCredentialsToo()
    {
        Dial dial(layer("http", "someone", "s3cret"));
        dial.start(target);
        dial.node.send("HTTP/1.0 401 Unauthorized\r\n\r\n");
        QVERIFY(dial.failsWith(ErrorCode::AuthFailed, "does not accept the user name or password"));
    }

    void boundsAHeadWithoutEnd()
    {
        Dial dial(layer("http"));
        dial.start(target);
        dial.node.send("HTTP/1.1 200 OK\r\nX: " + std::string(1024 * 1024, 'x'));
        QVERIFY(dial.failsWith(ErrorCode::ProtocolError, "64 KiB"));
    }

    void boundsInterimAnswersWithoutEnd()
    {
        Dial dial(layer("http"));
        dial.start(target);
        std::string endless;
        for (int i = 0; i < 100'000; ++i)
            endless += "HTTP/1.1 100 Continue\r\n\r\n";
        dial.node.send(endless);
        QVERIFY(dial.failsWith(ErrorCode::ProtocolError, "interim answers"));
    }

    void reportsAProxyThatHangsUp()
    {
        Dial dial(layer("http"));
        dial.start(target);
        dial.node.send("HTTP/1.1 200 O");
        dial.node.finish();
        QVERIFY(dial.failsWith(ErrorCode::Unreachable, "closed the connection"));
    }
};

QTEST_APPLESS_MAIN(TestHttpConnector)
#include "tst_http_connector.moc"
