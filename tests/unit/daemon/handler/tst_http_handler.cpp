// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/unit/daemon/handler/handler_fixture.h"

#include <QTest>

using namespace sluice;
using namespace sluice::test;

namespace {

const std::string agent = "Proxy-Agent: sluice/" SLUICE_VERSION "\r\n";
const std::string established = "HTTP/1.1 200 Connection established\r\n" + agent + "\r\n";
const std::string rest = "Content-Length: 0\r\nConnection: close\r\n\r\n";
const std::string badRequest = "HTTP/1.1 400 Bad Request\r\n" + agent + rest;

} // namespace

class TestHttpHandler : public QObject
{
    Q_OBJECT

private slots:
    void tunnelsConnect_data()
    {
        QTest::addColumn<QByteArray>("head");
        QTest::addColumn<QString>("host");
        QTest::newRow("name") << QByteArray("CONNECT a.test:443 HTTP/1.1\r\nHost: a.test:443\r\n\r\n") << "a.test";
        QTest::newRow("IPv4") << QByteArray("CONNECT 192.0.2.1:443 HTTP/1.1\r\n\r\n") << "192.0.2.1";
        QTest::newRow("IPv6") << QByteArray("CONNECT [2001:db8::1]:443 HTTP/1.1\r\n\r\n") << "2001:db8::1";
        QTest::newRow("version 1.0") << QByteArray("CONNECT a.test:443 HTTP/1.0\r\n\r\n") << "a.test";
        QTest::newRow("bare line feeds") << QByteArray("CONNECT a.test:443 HTTP/1.1\nHost: a.test\n\n") << "a.test";
    }
    void tunnelsConnect()
    {
        QFETCH(QByteArray, head);
        QFETCH(QString, host);
        for (const char *type : {"http", "auto"}) {
            for (const std::size_t bytesPerTurn : {0U, 1U}) {
                Visit visit(type);
                visit.client.bytesPerTurn = bytesPerTurn;
                visit.client.send(head.toStdString() + "PING");
                QVERIFY(visit.asksFor(host.toStdString(), 443));
                visit.grant();
                QVERIFY(visit.clientGets(established));
                QCOMPARE(visit.tunnelled(4), std::string("PING"));
                QVERIFY(visit.connection.stream->plainSocket() != nullptr);
            }
        }
    }

    void forwardsAbsoluteFormInOriginForm_data()
    {
        QTest::addColumn<QByteArray>("request");
        QTest::addColumn<QString>("target");
        QTest::addColumn<QByteArray>("forwarded");
        QTest::newRow("plain")
            << QByteArray("GET http://a.test/x?y=1 HTTP/1.1\r\nHost: a.test\r\nAccept: */*\r\n\r\n") << "a.test:80"
            << QByteArray("GET /x?y=1 HTTP/1.1\r\nHost: a.test\r\nAccept: */*\r\nConnection: close\r\n\r\n");
        QTest::newRow("hop-by-hop fields")
            << QByteArray("GET http://a.test/ HTTP/1.1\r\nHost: a.test\r\nProxy-Connection: keep-alive\r\nConnection: "
                          "keep-alive, X-Hop\r\nX-Hop: 1\r\nProxy-Authorization: Basic eDp5\r\nX-Other: 2\r\n\r\n")
            << "a.test:80" << QByteArray("GET / HTTP/1.1\r\nHost: a.test\r\nX-Other: 2\r\nConnection: close\r\n\r\n");
        QTest::newRow("no path") << QByteArray("GET HTTP://a.test:8080 HTTP/1.0\r\n\r\n") << "a.test:8080"
                                 << QByteArray("GET / HTTP/1.0\r\nHost: a.test:8080\r\nConnection: close\r\n\r\n");
        QTest::newRow("a query only") << QByteArray("GET http://a.test?q HTTP/1.1\r\n\r\n") << "a.test:80"
                                      << QByteArray("GET /?q HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n");
        QTest::newRow("OPTIONS of the server")
            << QByteArray("OPTIONS http://a.test HTTP/1.1\r\n\r\n") << "a.test:80"
            << QByteArray("OPTIONS * HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n");
        QTest::newRow("user in the address, IPv6, another Host")
            << QByteArray("GET http://me:pw@[::1]:81/ HTTP/1.1\r\nHost: evil.test\r\n\r\n") << "[::1]:81"
            << QByteArray("GET / HTTP/1.1\r\nHost: [::1]:81\r\nConnection: close\r\n\r\n");
        QTest::newRow("body")
            << QByteArray("POST http://a.test/ HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello") << "a.test:80"
            << QByteArray("POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello");
        QTest::newRow("chunked body")
            << QByteArray("POST http://a.test/ HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n")
            << "a.test:80"
            << QByteArray("POST / HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\nConnection: "
                          "close\r\n\r\n1\r\nx\r\n0\r\n\r\n");
    }
    void forwardsAbsoluteFormInOriginForm()
    {
        QFETCH(QByteArray, request);
        QFETCH(QString, target);
        QFETCH(QByteArray, forwarded);
        for (const std::size_t bytesPerTurn : {0U, 1U}) {
            Visit visit("http");
            visit.client.bytesPerTurn = bytesPerTurn;
            visit.client.send(request.toStdString());
            QVERIFY(visit.ends() && *visit.result);
            QCOMPARE((*visit.result)->target.toString(), target.toStdString());
            visit.grant();
            QCOMPARE(visit.tunnelled(static_cast<std::size_t>(forwarded.size())), forwarded.toStdString());
            visit.targetSends("HTTP/1.1 200 OK\r\n\r\n");
            QVERIFY(visit.clientGets("HTTP/1.1 200 OK\r\n\r\n")); // nothing of ours before it
        }
    }

    /// The next request may be for another host and hold its cookies.
    void sendsASecondRequestToNobody_data()
    {
        QTest::addColumn<QByteArray>("first");
        QTest::newRow("without a body") << QByteArray("GET http://a.test/ HTTP/1.1\r\n\r\n");
        QTest::newRow("with a body") << QByteArray("POST http://a.test/ HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello");
    }
    void sendsASecondRequestToNobody()
    {
        QFETCH(QByteArray, first);
        for (const std::size_t bytesPerTurn : {0U, 1U}) {
            Visit visit("http");
            visit.client.bytesPerTurn = bytesPerTurn;
            visit.client.send(first.toStdString() + "GET http://b.test/ HTTP/1.1\r\nCookie: secret\r\n\r\n");
            QVERIFY(visit.asksFor("a.test", 80));
            visit.grant();
            visit.client.finish();
            std::string bytes;
            QVERIFY(visit.fixture.runUntil([&] {
                const Drained more = drain(*visit.connection.stream);
                bytes += more.bytes;
                return more.last == stream::IoResult::End;
            }));
            QVERIFY(bytes.ends_with(first.endsWith("hello") ? "\r\n\r\nhello" : "close\r\n\r\n"));
            QVERIFY(bytes.find("b.test") == std::string::npos);
        }
    }

    void refusesByteForByte_data()
    {
        QTest::addColumn<QByteArray>("request");
        QTest::newRow("origin form") << QByteArray("GET / HTTP/1.1\r\nHost: a.test\r\n\r\n");
        QTest::newRow("https in absolute form") << QByteArray("GET https://a.test/ HTTP/1.1\r\n\r\n");
        QTest::newRow("HTTP/2 preface") << QByteArray("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
        QTest::newRow("no version") << QByteArray("GET http://a.test/\r\n\r\n");
        QTest::newRow("not HTTP") << QByteArray("\x16\x03\x01");
        QTest::newRow("CONNECT without port") << QByteArray("CONNECT a.test HTTP/1.1\r\n\r\n");
        QTest::newRow("CONNECT to port 0") << QByteArray("CONNECT a.test:0 HTTP/1.1\r\n\r\n");
        QTest::newRow("CONNECT to port 65536") << QByteArray("CONNECT a.test:65536 HTTP/1.1\r\n\r\n");
        QTest::newRow("CONNECT to nobody") << QByteArray("CONNECT :80 HTTP/1.1\r\n\r\n");
        QTest::newRow("no host") << QByteArray("GET http:///x HTTP/1.1\r\n\r\n");
        QTest::newRow("continued line") << QByteArray("CONNECT a.test:1 HTTP/1.1\r\nX: 1\r\n  2\r\n\r\n");
        QTest::newRow("space before the colon") << QByteArray("CONNECT a.test:1 HTTP/1.1\r\nHost : x\r\n\r\n");
        QTest::newRow("two lengths") << QByteArray(
            "POST http://a.test/ HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n");
        QTest::newRow("length and chunks")
            << QByteArray("POST http://a.test/ HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n");
        QTest::newRow("length that is no number")
            << QByteArray("POST http://a.test/ HTTP/1.1\r\nContent-Length: +5\r\n\r\n");
    }
    void refusesByteForByte()
    {
        QFETCH(QByteArray, request);
        Visit visit("http");
        visit.client.send(request.toStdString());
        QVERIFY(visit.failsWith(ErrorCode::ProtocolError));
        visit.fixture.settle();
        QCOMPARE(visit.client.received, badRequest);
    }

    void asksForAPassword()
    {
        const std::string refusal = "HTTP/1.1 407 Proxy Authentication Required\r\n" + agent +
                                    "Proxy-Authenticate: Basic realm=\"sluice\"\r\n" + rest;
        for (const char *field : {"", "Proxy-Authorization: Basic dXNlcjpwYXN0\r\n", "Proxy-Authorization: Basic ?\r\n",
                                  "Proxy-Authorization: Digest x\r\n", "Proxy-Authorization: Basic\r\n",
                                  "Authorization: Basic dXNlcjpwYXNz\r\n"}) {
            Visit visit("http", someUser);
            visit.client.send("CONNECT a.test:443 HTTP/1.1\r\n" + std::string(field) + "\r\n");
            QVERIFY(visit.failsWith(ErrorCode::AuthFailed));
            visit.fixture.settle();
            QCOMPARE(visit.client.received, refusal);
        }
        for (const char *scheme : {"Basic ", "basic  "}) {
            Visit visit("auto", someUser);
            visit.client.send("CONNECT a.test:443 HTTP/1.1\r\nproxy-authorization: " + std::string(scheme) +
                              "dXNlcjpwYXNz\r\n\r\n");
            QVERIFY(visit.asksFor("a.test", 443));
            QCOMPARE((*visit.result)->user, std::string("user"));
        }
    }

    void saysWhyThereIsNoTarget()
    {
        for (const auto &[error, status] : {std::pair{&inBypass, "403 Forbidden"},
                                            {&targetRefused, "503 Service Unavailable"},
                                            {&targetSilent, "503 Service Unavailable"}}) {
            for (const char *request : {"CONNECT a.test:80 HTTP/1.1\r\n\r\n", "GET http://a.test/ HTTP/1.1\r\n\r\n"}) {
                Visit visit("http");
                visit.client.send(request);
                QVERIFY(visit.asksFor("a.test", 80));
                visit.refuse(*error);
                QVERIFY(visit.clientGets("HTTP/1.1 " + std::string(status) + "\r\n" + agent + rest));
            }
        }
    }

    void refusesAHeadWithoutEnd()
    {
        Visit visit("http");
        visit.client.send("GET http://a.test/ HTTP/1.1\r\nX: " + std::string(100'000, 'x'));
        QVERIFY(visit.failsWith(ErrorCode::ProtocolError));
        visit.fixture.settle();
        QCOMPARE(visit.client.received, "HTTP/1.1 431 Request Header Fields Too Large\r\n" + agent + rest);
    }

    void checksItsSettings()
    {
        for (const char *key : {"proxyAgent", "authBasicRealm"}) {
            config::HandlerConfig config = handlerConfig("http");
            config.metadata.set(key, {std::string("a\r\nb")});
            QVERIFY(!handler::makeHandler(config, {}));
            config.metadata.set(key, {std::string("gost/3.0")});
            QVERIFY(handler::makeHandler(config, {}));
        }
    }
};

QTEST_APPLESS_MAIN(TestHttpHandler)
#include "tst_http_handler.moc"
