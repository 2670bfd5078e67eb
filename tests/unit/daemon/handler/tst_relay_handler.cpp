// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/unit/daemon/handler/handler_fixture.h"

#include <QTest>

using namespace sluice;
using namespace sluice::test;

namespace {

const std::string address = hex("02 00 07 01 7f 00 00 01 1b bc"); // 127.0.0.1:7100
const std::string connectRequest = hex("01 01 00 0a") + address;
const std::string user = hex("01 00 0a 04 75 73 65 72 04 70 61 73 73"); // user, pass

config::HandlerConfig withoutDelay()
{
    config::HandlerConfig config = handlerConfig("relay");
    config.metadata.set("nodelay", {true});
    return config;
}

} // namespace

class TestRelayHandler : public QObject
{
    Q_OBJECT

private slots:
    void understandsRequests_data()
    {
        QTest::addColumn<QByteArray>("request");
        QTest::addColumn<QString>("host");
        QTest::newRow("IPv4") << QByteArray("01 01 00 0a 02 00 07 01 7f 00 00 01 1b bc") << "127.0.0.1";
        QTest::newRow("command 0") << QByteArray("01 00 00 0a 02 00 07 01 7f 00 00 01 1b bc") << "127.0.0.1";
        QTest::newRow("unused command bits") << QByteArray("01 71 00 0a 02 00 07 01 7f 00 00 01 1b bc") << "127.0.0.1";
        QTest::newRow("name") << QByteArray("01 01 00 0a 02 00 07 03 03 61 2e 62 1b bc") << "a.b";
        QTest::newRow("IPv6") << QByteArray(
                                     "01 01 00 16 02 00 13 04 20 01 0d b8 00 00 00 00 00 00 00 00 00 00 00 01 1b bc")
                              << "2001:db8::1";
        QTest::newRow("mapped IPv4")
            << QByteArray("01 01 00 16 02 00 13 04 00 00 00 00 00 00 00 00 00 00 ff ff 7f 00 00 01 1b bc")
            << "127.0.0.1";
        QTest::newRow("the last of two addresses")
            << QByteArray("01 01 00 14 02 00 07 01 01 01 01 01 00 50 02 00 07 01 7f 00 00 01 1b bc") << "127.0.0.1";
        QTest::newRow("tunnel and network features")
            << QByteArray("01 01 00 22 04 00 02 00 00 03 00 10 " + QByteArray("00 ").repeated(16) +
                          "02 00 07 01 7f 00 00 01 1b bc")
            << "127.0.0.1";
    }
    void understandsRequests()
    {
        QFETCH(QByteArray, request);
        QFETCH(QString, host);
        for (const std::size_t bytesPerTurn : {0U, 1U}) {
            Visit visit("relay");
            visit.client.bytesPerTurn = bytesPerTurn;
            visit.client.send(hex(request.toStdString()) + "PING");
            QVERIFY(visit.asksFor(host.toStdString(), 7100));
            visit.grant();
            QCOMPARE(visit.tunnelled(4), std::string("PING"));
            QVERIFY(visit.connection.stream->plainSocket() == nullptr); // the response is still owed
            visit.targetSends("PING");
            QVERIFY(visit.clientGets(hex("01 00 00 00") + "PING"));
            QVERIFY(visit.connection.stream->plainSocket() != nullptr);
        }
    }

    void answersWithTheTargetsFirstBytes()
    {
        Visit visit("relay");
        visit.client.send(connectRequest);
        QVERIFY(visit.asksFor("127.0.0.1", 7100));
        visit.grant();
        visit.fixture.settle();
        QVERIFY(visit.clientGets(""));
        visit.targetSends("220 ready");
        QVERIFY(visit.clientGets(hex("01 00 00 00") + "220 ready"));
    }

    void answersAtOnceWithoutDelay()
    {
        Visit visit(withoutDelay());
        visit.client.send(connectRequest);
        QVERIFY(visit.asksFor("127.0.0.1", 7100));
        visit.grant();
        QVERIFY(visit.clientGets(hex("01 00 00 00")));
    }

    void answersBeforeTheEndOfATargetThatSaysNothing()
    {
        Visit visit("relay");
        visit.client.send(connectRequest);
        QVERIFY(visit.asksFor("127.0.0.1", 7100));
        visit.grant();
        visit.connection.stream->shutdownWrite();
        QVERIFY(visit.clientGets(hex("01 00 00 00")));
        QVERIFY(visit.client.sawEnd);
    }

    void refusesByteForByte_data()
    {
        QTest::addColumn<bool>("needsUser");
        QTest::addColumn<QByteArray>("request");
        QTest::addColumn<int>("code");
        QTest::addColumn<QByteArray>("answer");
        const auto row = [](const char *name, bool needsUser, const QByteArray &request, ErrorCode code,
                            const char *answer) {
            QTest::newRow(name) << needsUser << request << static_cast<int>(code) << QByteArray(answer);
        };
        const QByteArray a("02 00 07 01 7f 00 00 01 1b bc");
        row("no credentials", true, "01 01 00 0a " + a, ErrorCode::AuthFailed, "01 02 00 00");
        row("wrong password", true, "01 01 00 17 01 00 0a 04 75 73 65 72 04 70 61 73 74 " + a, ErrorCode::AuthFailed,
            "01 02 00 00");
        row("wrong user", true, "01 01 00 17 01 00 0a 04 75 73 65 73 04 70 61 73 73 " + a, ErrorCode::AuthFailed,
            "01 02 00 00");
        row("no address", false, "01 01 00 00", ErrorCode::ProtocolError, "01 01 00 00");
        row("an empty name", false, "01 01 00 07 02 00 04 03 00 1b bc", ErrorCode::ProtocolError, "01 01 00 00");
        row("BIND", false, "01 02 00 0a " + a, ErrorCode::Unsupported, "01 03 00 00");
        row("ASSOCIATE", false, "01 03 00 0a " + a, ErrorCode::Unsupported, "01 01 00 00");
        row("unknown command", false, "01 09 00 0a " + a, ErrorCode::Unsupported, "01 01 00 00");
        row("UDP by flag", false, "01 81 00 0a " + a, ErrorCode::Unsupported, "01 03 00 00");
        row("UDP by feature", false, "01 01 00 0f 04 00 02 00 01 " + a, ErrorCode::Unsupported, "01 03 00 00");
        row("another version", false, "02", ErrorCode::ProtocolError, "");
        row("unknown feature", false, "01 01 00 03 09 00 00", ErrorCode::ProtocolError, "");
        row("feature longer than the message", false, "01 01 00 04 02 ff ff 01", ErrorCode::ProtocolError, "");
        row("feature cut short", false, "01 01 00 02 02 00", ErrorCode::ProtocolError, "");
        row("address cut short", false, "01 01 00 05 02 00 02 01 7f", ErrorCode::ProtocolError, "");
        row("user cut short", false, "01 01 00 05 01 00 02 05 75", ErrorCode::ProtocolError, "");
    }
    void refusesByteForByte()
    {
        QFETCH(bool, needsUser);
        QFETCH(QByteArray, request);
        QFETCH(int, code);
        QFETCH(QByteArray, answer);
        for (const std::size_t bytesPerTurn : {0U, 1U}) {
            Visit visit("relay", needsUser ? someUser : handler::Credentials{});
            visit.client.bytesPerTurn = bytesPerTurn;
            visit.client.send(hex(request.toStdString()));
            QVERIFY(visit.failsWith(static_cast<ErrorCode>(code)));
            visit.close();
            QVERIFY(visit.clientGets(hex(answer.toStdString())));
            QVERIFY(visit.client.sawEnd);
        }
    }

    void letsAKnownUserIn()
    {
        Visit visit("relay", someUser);
        visit.client.send(hex("01 01 00 17") + user + address);
        QVERIFY(visit.asksFor("127.0.0.1", 7100));
        QCOMPARE((*visit.result)->user, std::string("user"));
    }

    void saysWhyThereIsNoTarget()
    {
        for (const auto &[error, answer] :
             {std::pair{&inBypass, "01 03 00 00"}, {&targetRefused, "01 07 00 00"}, {&targetSilent, "01 07 00 00"}}) {
            Visit visit("relay");
            visit.client.send(connectRequest);
            QVERIFY(visit.asksFor("127.0.0.1", 7100));
            visit.refuse(*error);
            visit.close();
            QVERIFY(visit.clientGets(hex(answer)));
        }
    }

    void checksItsSettings()
    {
        config::HandlerConfig config = handlerConfig("relay");
        config.metadata.set("nodelay", {std::string("maybe")});
        const auto made = handler::makeHandler(config, {});
        QVERIFY(!made);
        QVERIFY(made.error().message.find("nodelay") != std::string::npos);
    }
};

QTEST_APPLESS_MAIN(TestRelayHandler)
#include "tst_relay_handler.moc"
