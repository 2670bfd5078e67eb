// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
//
// The SOCKS servers, each alone and behind `auto`.
#include "tests/unit/daemon/handler/handler_fixture.h"

#include <QTest>

using namespace sluice;
using namespace sluice::test;

namespace {

const std::string login = hex("01 04 75 73 65 72 04 70 61 73 73"); // user, pass
const std::string request = hex("05 01 00 01 7f 00 00 01 1b bc");  // 127.0.0.1:7100

} // namespace

class TestSocksHandler : public QObject
{
    Q_OBJECT

private slots:
    void understandsRequests_data()
    {
        QTest::addColumn<QString>("type");
        QTest::addColumn<QByteArray>("bytes");
        QTest::addColumn<QString>("host");
        QTest::addColumn<QByteArray>("answer");
        const QByteArray socks5("05 00 05 00 00 01 7f 00 00 01 1b bc"); // with the real local address
        const QByteArray socks4("00 5a 00 00 00 00 00 00");
        for (const char *type : {"socks5", "socks", "auto"}) {
            QTest::addRow("%s, IPv4", type)
                << type << QByteArray("05 01 00 05 01 00 01 7f 00 00 01 1b bc") << "127.0.0.1" << socks5;
            QTest::addRow("%s, name", type)
                << type << QByteArray("05 02 01 00 05 01 00 03 03 61 2e 62 1b bc") << "a.b" << socks5;
            QTest::addRow("%s, IPv6", type)
                << type << QByteArray("05 01 00 05 01 00 04 20 01 0d b8 00 00 00 00 00 00 00 00 00 00 00 01 1b bc")
                << "2001:db8::1" << socks5;
            QTest::addRow("%s, a GOST client that would do TLS", type)
                << type << QByteArray("05 02 00 80 05 01 00 01 7f 00 00 01 1b bc") << "127.0.0.1" << socks5;
        }
        for (const char *type : {"socks4", "socks4a", "auto"}) {
            QTest::addRow("%s, IPv4, version 4", type)
                << type << QByteArray("04 01 1b bc 7f 00 00 01 6d 65 00") << "127.0.0.1" << socks4;
            QTest::addRow("%s, name, version 4", type)
                << type << QByteArray("04 01 1b bc 00 00 00 01 00 61 2e 62 00") << "a.b" << socks4;
        }
    }
    void understandsRequests()
    {
        QFETCH(QString, type);
        QFETCH(QByteArray, bytes);
        QFETCH(QString, host);
        QFETCH(QByteArray, answer);
        for (const std::size_t bytesPerTurn : {0U, 1U}) {
            Visit visit(type.toStdString());
            visit.client.bytesPerTurn = bytesPerTurn;
            visit.client.send(hex(bytes.toStdString()) + "PING"); // a client that does not wait for its answers
            QVERIFY(visit.asksFor(host.toStdString(), 7100));
            visit.grant();
            QVERIFY(visit.clientGets(hex(answer.toStdString())));
            QCOMPARE(visit.tunnelled(4), std::string("PING"));
            QVERIFY(visit.connection.stream->plainSocket() != nullptr);
            visit.targetSends("PONG");
            QVERIFY(visit.clientGets(hex(answer.toStdString()) + "PONG"));
        }
    }

    void letsAKnownUserIn()
    {
        for (const char *type : {"socks5", "auto"}) {
            Visit visit(type, someUser);
            visit.client.send(hex("05 04 00 02 80 82"));
            QVERIFY(visit.clientGets(hex("05 02")));
            visit.client.send(login);
            QVERIFY(visit.clientGets(hex("05 02 01 00")));
            visit.client.send(request);
            QVERIFY(visit.asksFor("127.0.0.1", 7100));
            QCOMPARE((*visit.result)->user, std::string("user"));
        }
    }

    void refusesByteForByte_data()
    {
        QTest::addColumn<QString>("type");
        QTest::addColumn<bool>("needsUser");
        QTest::addColumn<QByteArray>("bytes");
        QTest::addColumn<int>("code");
        QTest::addColumn<QByteArray>("answer");
        const auto row = [](const char *name, const char *type, bool needsUser, const QByteArray &bytes, ErrorCode code,
                            const char *answer) {
            QTest::newRow(name) << type << needsUser << bytes << static_cast<int>(code) << QByteArray(answer);
        };
        row("no password offered", "socks5", true, "05 02 00 80", ErrorCode::AuthFailed, "05 ff");
        row("nothing but a password offered", "socks5", false, "05 01 02", ErrorCode::AuthFailed, "05 ff");
        row("no method at all", "socks5", false, "05 00", ErrorCode::AuthFailed, "05 ff");
        row("wrong password", "socks5", true, "05 01 02 01 04 75 73 65 72 04 70 61 73 74", ErrorCode::AuthFailed,
            "05 02 01 01");
        row("empty password", "socks5", true, "05 01 02 01 04 75 73 65 72 00", ErrorCode::AuthFailed, "05 02 01 01");
        row("no login", "socks5", true, "05 01 02 05 01", ErrorCode::ProtocolError, "05 02");
        const QByteArray to("00 01 7f 00 00 01 1b bc");
        row("BIND", "socks5", false, "05 01 00 05 02 " + to, ErrorCode::Unsupported,
            "05 00 05 02 00 01 00 00 00 00 00 00");
        row("ASSOCIATE", "socks5", false, "05 01 00 05 03 " + to, ErrorCode::Unsupported,
            "05 00 05 02 00 01 00 00 00 00 00 00");
        row("UDP tunnel", "socks5", false, "05 01 00 05 f3 " + to, ErrorCode::Unsupported,
            "05 00 05 02 00 01 00 00 00 00 00 00");
        row("unknown command", "socks5", false, "05 01 00 05 09 " + to, ErrorCode::Unsupported,
            "05 00 05 07 00 01 00 00 00 00 00 00");
        row("unknown address type", "socks5", false, "05 01 00 05 01 00 09", ErrorCode::ProtocolError,
            "05 00 05 08 00 01 00 00 00 00 00 00");
        row("empty name", "socks5", false, "05 01 00 05 01 00 03 00 1b bc", ErrorCode::ProtocolError,
            "05 00 05 01 00 01 00 00 00 00 00 00");
        row("another version", "socks5", false, "06", ErrorCode::ProtocolError, "");
        row("version 4 without its server", "socks5", false, "04 01", ErrorCode::ProtocolError, "");
        row("version 4, BIND", "socks4", false, "04 02 1b bc 7f 00 00 01 00", ErrorCode::Unsupported,
            "00 5b 00 00 00 00 00 00");
        row("version 4, empty name", "socks4", false, "04 01 1b bc 00 00 00 01 00 00", ErrorCode::ProtocolError,
            "00 5b 00 00 00 00 00 00");
        row("version 4, unknown user", "socks4", true, "04 01 1b bc 7f 00 00 01 6d 65 00", ErrorCode::AuthFailed,
            "00 5d 00 00 00 00 00 00");
        row("version 4, user with a password", "auto", true, "04 01 1b bc 7f 00 00 01 75 73 65 72 00",
            ErrorCode::AuthFailed, "00 5d 00 00 00 00 00 00");
        row("version 4, user id without end", "socks4", false,
            "04 01 1b bc 7f 00 00 01 " + QByteArray("61 ").repeated(600), ErrorCode::ProtocolError,
            "00 5b 00 00 00 00 00 00");
    }
    void refusesByteForByte()
    {
        QFETCH(QString, type);
        QFETCH(bool, needsUser);
        QFETCH(QByteArray, bytes);
        QFETCH(int, code);
        QFETCH(QByteArray, answer);
        for (const std::size_t bytesPerTurn : {0U, 1U}) {
            Visit visit(type.toStdString(), needsUser ? someUser : handler::Credentials{});
            visit.client.bytesPerTurn = bytesPerTurn;
            visit.client.send(hex(bytes.toStdString()));
            QVERIFY(visit.failsWith(static_cast<ErrorCode>(code)));
            visit.close();
            QVERIFY(visit.clientGets(hex(answer.toStdString())));
        }
    }

    void saysWhyThereIsNoTarget()
    {
        for (const auto &[error, code] : {std::pair{&inBypass, "02"}, {&targetRefused, "03"}, {&targetSilent, "03"}}) {
            Visit visit("socks5");
            visit.client.send(hex("05 01 00") + request);
            QVERIFY(visit.asksFor("127.0.0.1", 7100));
            visit.refuse(*error);
            visit.close();
            QVERIFY(visit.clientGets(hex("05 00 05") + hex(code) + hex("00 01 00 00 00 00 00 00")));
        }
        Visit visit("socks4");
        visit.client.send(hex("04 01 1b bc 7f 00 00 01 00"));
        QVERIFY(visit.asksFor("127.0.0.1", 7100));
        visit.refuse(targetRefused);
        QVERIFY(visit.clientGets(hex("00 5b 00 00 00 00 00 00")));
    }

    void canBeDroppedInTheMiddle()
    {
        for (const char *type : {"socks5", "auto"}) {
            Visit visit(type);
            visit.client.send(hex("05"));
            visit.fixture.settle();
            visit.close();
            QVERIFY(visit.fixture.runUntil([&] { return visit.client.sawEnd; }));
            QVERIFY(!visit.result);
        }
    }

    void reportsAClientThatLeaves()
    {
        for (const char *type : {"socks5", "socks4", "http", "relay", "auto"}) {
            Visit visit(type);
            visit.client.finish();
            QVERIFY(visit.failsWith(ErrorCode::Unreachable));
        }
    }

    void knowsNoDialogueForDivertedConnections()
    {
        for (const char *type : {"red", "redir", "redirect", "redu"})
            QVERIFY((*handler::makeHandler(handlerConfig(type), {}))->serve() == nullptr);
        const auto unknown = handler::makeHandler(handlerConfig("gopher"), {});
        QVERIFY(!unknown);
        QVERIFY(unknown.error().message.find("known are auto, http, red,") != std::string::npos);
    }
};

QTEST_APPLESS_MAIN(TestSocksHandler)
#include "tst_socks_handler.moc"
