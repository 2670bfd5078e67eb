// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/unit/daemon/connector/connector_fixture.h"

#include <QTest>

using namespace sluice;
using namespace sluice::test;

class TestRelayConnector : public QObject
{
    Q_OBJECT

private slots:
    void asksForTheTarget_data()
    {
        QTest::addColumn<QString>("user");
        QTest::addColumn<QString>("host");
        QTest::addColumn<int>("port");
        QTest::addColumn<QByteArray>("bytes");
        QTest::newRow("IPv4") << ""
                              << "93.184.216.34" << 443 << QByteArray("01 01 00 0a 02 00 07 01 5d b8 d8 22 01 bb");
        QTest::newRow("name with user") << "user"
                                        << "example.com" << 80
                                        << QByteArray(
                                               "01 01 00 1f 01 00 0a 04 75 73 65 72 04 70 61 73 73 02 00 0f 03 0b "
                                               "65 78 61 6d 70 6c 65 2e 63 6f 6d 00 50");
        QTest::newRow("IPv6") << ""
                              << "2001:db8::1" << 80
                              << QByteArray("01 01 00 16 02 00 13 04 20 01 0d b8 00 00 00 00 00 00 00 00 00 00 00 01 "
                                            "00 50");
        QTest::newRow("mapped IPv4") << ""
                                     << "::ffff:1.2.3.4" << 80
                                     << QByteArray("01 01 00 0a 02 00 07 01 01 02 03 04 00 50");
    }
    void asksForTheTarget()
    {
        QFETCH(QString, user);
        QFETCH(QString, host);
        QFETCH(int, port);
        QFETCH(QByteArray, bytes);
        Dial dial(layer("relay", user.toStdString(), "pass"));
        dial.start({host.toStdString(), static_cast<std::uint16_t>(port)}, "PING");
        QVERIFY(dial.outcome.isGood()); // nothing to wait for
        QVERIFY(dial.earlySent);
        QVERIFY(dial.nodeHas(1));
        QCOMPARE(shown(dial.node.received), bytes + " 50 49 4e 47"); // in one write
    }

    /// GOST's connector waits for the client's first byte, so that mail servers hang behind it.
    void asksAtOnceForAServerThatSpeaksFirst()
    {
        Dial dial(layer("relay"));
        dial.start({"1.2.3.4", 25});
        QVERIFY(dial.outcome.isGood());
        QVERIFY(!dial.earlySent);
        QVERIFY(dial.nodeHas(14));
        dial.node.send(hex("01 00 00 00") + "220 mail.test ESMTP\r\n");
        QCOMPARE(dial.tunnelled(21), std::string("220 mail.test ESMTP\r\n"));
        QVERIFY(dial.outcome.stream().plainSocket() != nullptr); // open to splicing now
    }

    void stripsTheResponseInAnyCutting_data()
    {
        QTest::addColumn<QByteArray>("response");
        QTest::newRow("bare") << QByteArray("01 00 00 00");
        QTest::newRow("with features") << QByteArray("01 00 00 0a 02 00 07 01 7f 00 00 01 1b bc");
        QTest::newRow("with 65,535 bytes of features") << "01 00 ff ff " + QByteArray("aa").repeated(65535);
    }
    void stripsTheResponseInAnyCutting()
    {
        QFETCH(QByteArray, response);
        const std::string bytes = hex(response.toStdString());
        for (const std::size_t bytesPerTurn : {0U, 1U, 3U}) {
            Dial dial(layer("relay"));
            dial.start({"1.2.3.4", 80});
            QVERIFY(dial.outcome.stream().plainSocket() == nullptr);
            dial.node.bytesPerTurn = bytesPerTurn;
            dial.node.send(bytes + "PING");
            QCOMPARE(dial.tunnelled(4), std::string("PING"));
            QVERIFY(dial.outcome.stream().plainSocket() != nullptr);
        }
    }

    /// A server with nodelay answers on its own.
    void opensTheSocketWhenAResponseWithoutDataIsRead()
    {
        Dial dial(layer("relay"));
        dial.start({"1.2.3.4", 80});
        dial.node.send(hex("01 00 00 00"));
        QVERIFY(dial.fixture.runUntil([&] {
            return drain(dial.outcome.stream()).last == stream::IoResult::WouldBlock &&
                   dial.outcome.stream().plainSocket() != nullptr;
        }));
        dial.node.finish();
        QVERIFY(dial.fixture.runUntil([&] { return drain(dial.outcome.stream()).last == stream::IoResult::End; }));
    }

    void failsTheFirstReadWhenRefused_data()
    {
        QTest::addColumn<QByteArray>("response");
        QTest::addColumn<int>("code");
        QTest::addColumn<QByteArray>("part");
        const auto row = [](const char *name, const char *response, ErrorCode code, const char *part) {
            QTest::newRow(name) << QByteArray(response) << static_cast<int>(code) << QByteArray(part);
        };
        row("bad request", "01 01 00 00", ErrorCode::ProtocolError, "1 (bad request)");
        row("unauthorized", "01 02 00 00", ErrorCode::AuthFailed, "2 (user name or password not accepted)");
        row("forbidden", "01 03 00 00", ErrorCode::Refused, "3 (forbidden)");
        row("timeout", "01 04 00 00", ErrorCode::Timeout, "4 (timeout)");
        row("service unavailable", "01 05 00 00", ErrorCode::Unreachable, "5 (service unavailable)");
        row("host unreachable", "01 06 00 00", ErrorCode::Unreachable, "6 (host unreachable)");
        row("network unreachable", "01 07 00 00", ErrorCode::Unreachable, "7 (network unreachable) for 1.2.3.4:80");
        row("internal error", "01 08 00 00", ErrorCode::Failed, "8 (internal server error)");
        row("unknown status", "01 09 00 00", ErrorCode::Failed, "9 (unknown reason)");
        row("refused with data behind", "01 07 00 00 41 42", ErrorCode::Unreachable, "7 (network");
        row("another version", "05 00", ErrorCode::ProtocolError, "does not speak the relay protocol");
        row("an end in place of an answer", "", ErrorCode::Unreachable, "without an answer");
        row("an end inside the answer", "01 00 00 05 01 01", ErrorCode::Unreachable, "without an answer");
    }
    void failsTheFirstReadWhenRefused()
    {
        QFETCH(QByteArray, response);
        QFETCH(int, code);
        QFETCH(QByteArray, part);
        for (const std::size_t bytesPerTurn : {0U, 1U}) {
            Dial dial(layer("relay"));
            dial.start({"1.2.3.4", 80});
            dial.node.bytesPerTurn = bytesPerTurn;
            dial.node.send(hex(response.toStdString()));
            dial.node.finish();
            QVERIFY(dial.fixture.runUntil([&] {
                const Drained got = drain(dial.outcome.stream());
                return got.bytes.empty() && got.last == stream::IoResult::Failed;
            }));
            const Error error = dial.outcome.stream().error();
            QCOMPARE(static_cast<int>(error.code), code);
            QVERIFY2(error.message.find(part.toStdString()) != std::string::npos, error.message.c_str());
            QCOMPARE(drain(dial.outcome.stream()).last, stream::IoResult::Failed); // and stays so
        }
    }

    void passesEndsOn()
    {
        Dial dial(layer("relay"));
        dial.start({"1.2.3.4", 80});
        dial.outcome.stream().shutdownWrite();
        QVERIFY(dial.fixture.runUntil([&] { return dial.node.sawEnd; }));
        dial.node.send(hex("01 00 00 00") + "late");
        QCOMPARE(dial.tunnelled(4), std::string("late"));
    }

    void checksItsCredentials()
    {
        QVERIFY(!trouble(layer("relay", std::string(256, 'u'), "p")).empty());
        QVERIFY(trouble(layer("relay", std::string(255, 'u'), std::string(255, 'p'))).empty());
    }
};

QTEST_APPLESS_MAIN(TestRelayConnector)
#include "tst_relay_connector.moc"
