// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/stream/tls_context.h"
#include "tests/unit/daemon/connector/connector_fixture.h"

#include <QTest>

using namespace sluice;
using namespace sluice::test;

namespace {

const connector::Target target{"example.com", 443};
const std::string request = hex("05 01 00 03 0b 65 78 61 6d 70 6c 65 2e 63 6f 6d 01 bb");
const std::string granted = hex("05 00 00 01 7f 00 00 01 1b bc");

} // namespace

class TestSocks5Connector : public QObject
{
    Q_OBJECT

private slots:
    void greetsAsGostDoes_data()
    {
        QTest::addColumn<bool>("hasUser");
        QTest::addColumn<bool>("isWithoutTls");
        QTest::addColumn<QByteArray>("greeting");
        QTest::newRow("nobody, TLS offered") << false << false << QByteArray("05 02 00 80");
        QTest::newRow("nobody, no TLS") << false << true << QByteArray("05 01 00");
        QTest::newRow("user, TLS offered") << true << false << QByteArray("05 04 00 02 80 82");
        QTest::newRow("user, no TLS") << true << true << QByteArray("05 02 00 02");
    }
    void greetsAsGostDoes()
    {
        QFETCH(bool, hasUser);
        QFETCH(bool, isWithoutTls);
        QFETCH(QByteArray, greeting);
        Dial dial(with(hasUser ? layer("socks5", "user", "pw") : layer("socks"), "notls", isWithoutTls));
        dial.start(target);
        QVERIFY(dial.nodeHas(3));
        dial.fixture.settle();
        QCOMPARE(shown(dial.node.received), greeting);
    }

    void asksForTheTarget_data()
    {
        QTest::addColumn<QString>("host");
        QTest::addColumn<int>("port");
        QTest::addColumn<QByteArray>("bytes");
        QTest::newRow("name") << "example.com" << 443
                              << QByteArray("05 01 00 03 0b 65 78 61 6d 70 6c 65 2e 63 6f 6d 01 bb");
        QTest::newRow("IPv4") << "93.184.216.34" << 80 << QByteArray("05 01 00 01 5d b8 d8 22 00 50");
        QTest::newRow("IPv6") << "2001:db8::1" << 443
                              << QByteArray("05 01 00 04 20 01 0d b8 00 00 00 00 00 00 00 00 00 00 00 01 01 bb");
        QTest::newRow("mapped IPv4") << "::ffff:1.2.3.4" << 80 << QByteArray("05 01 00 01 01 02 03 04 00 50");
    }
    void asksForTheTarget()
    {
        QFETCH(QString, host);
        QFETCH(int, port);
        QFETCH(QByteArray, bytes);
        for (const std::size_t bytesPerTurn : {0U, 1U}) {
            Dial dial(with(layer("socks5"), "notls", true));
            dial.node.bytesPerTurn = bytesPerTurn;
            dial.start({host.toStdString(), static_cast<std::uint16_t>(port)});
            dial.node.send(hex("05 00"));
            QVERIFY(dial.nodeHas(3 + hex(bytes.toStdString()).size()));
            QCOMPARE(shown(dial.node.received.substr(3)), bytes);
            QVERIFY(!dial.outcome.isThere());
            dial.node.send(granted + "220 ready");
            QVERIFY(dial.ends() && dial.outcome.isGood());
            QCOMPARE(dial.tunnelled(9), std::string("220 ready"));
            QVERIFY(dial.outcome.stream().plainSocket() != nullptr);
        }
    }

    void logsInWhenAsked()
    {
        Dial dial(layer("socks5", "user", "pw"));
        dial.start(target);
        dial.node.send(hex("05 02"));
        const std::string login = hex("01 04 75 73 65 72 02 70 77");
        QVERIFY(dial.nodeHas(6 + login.size()));
        QCOMPARE(shown(dial.node.received.substr(6)), shown(login));
        dial.node.send(hex("01 00"));
        QVERIFY(dial.nodeHas(6 + login.size() + request.size()));
        QCOMPARE(shown(dial.node.received.substr(6 + login.size())), shown(request));
        dial.node.send(granted);
        QVERIFY(dial.ends() && dial.outcome.isGood());
    }

    void understandsEveryBoundAddress_data()
    {
        QTest::addColumn<QByteArray>("reply");
        QTest::newRow("IPv4") << QByteArray("05 00 00 01 00 00 00 00 00 00");
        QTest::newRow("IPv6") << QByteArray("05 00 00 04 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00");
        QTest::newRow("name") << QByteArray("05 00 00 03 02 61 62 00 50");
        QTest::newRow("empty name") << QByteArray("05 00 00 03 00 00 50");
        QTest::newRow("longest name") << "05 00 00 03 ff " + QByteArray("61 ").repeated(255) + "00 50";
    }
    void understandsEveryBoundAddress()
    {
        QFETCH(QByteArray, reply);
        for (const std::size_t bytesPerTurn : {0U, 1U}) {
            Dial dial(with(layer("socks5"), "notls", true));
            dial.node.bytesPerTurn = bytesPerTurn;
            dial.start(target);
            dial.node.send(hex("05 00") + hex(reply.toStdString()) + "DATA");
            QVERIFY(dial.ends() && dial.outcome.isGood());
            QCOMPARE(dial.tunnelled(4), std::string("DATA"));
        }
    }

    void saysWhyItWasRefused_data()
    {
        QTest::addColumn<QByteArray>("answers");
        QTest::addColumn<int>("code");
        QTest::addColumn<QByteArray>("part");
        const auto row = [](const char *name, const char *answers, ErrorCode code, const char *part) {
            QTest::newRow(name) << QByteArray(answers) << static_cast<int>(code) << QByteArray(part);
        };
        row("no method acceptable", "05 ff", ErrorCode::AuthFailed, "wants a user name and password");
        row("method not offered", "05 02", ErrorCode::ProtocolError, "not offered");
        row("not SOCKS5", "48 54", ErrorCode::ProtocolError, "does not speak SOCKS5");
        row("general failure", "05 00 05 01 00 01 00 00 00 00 00 00", ErrorCode::Failed, "1 (general failure)");
        row("not allowed", "05 00 05 02 00 01 00 00 00 00 00 00", ErrorCode::Refused, "2 (not allowed by its rules)");
        row("network unreachable", "05 00 05 03 00 01 00 00 00 00 00 00", ErrorCode::Unreachable, "3 (network");
        row("host unreachable", "05 00 05 04 00 01 00 00 00 00 00 00", ErrorCode::Unreachable, "4 (host");
        row("connection refused", "05 00 05 05 00 01 00 00 00 00 00 00", ErrorCode::Refused, "5 (connection refused)");
        row("time to live", "05 00 05 06 00 01 00 00 00 00 00 00", ErrorCode::Timeout, "6 (time to live");
        row("command", "05 00 05 07 00 01 00 00 00 00 00 00", ErrorCode::Unsupported, "7 (command");
        row("address type", "05 00 05 08 00 01 00 00 00 00 00 00", ErrorCode::Unsupported, "8 (address type");
        row("unknown reply", "05 00 05 63 00 01 00 00 00 00 00 00", ErrorCode::Failed, "99 (unknown");
        row("short refusal", "05 00 05 05", ErrorCode::Refused, "for example.com:443");
        row("reply of another version", "05 00 04 00", ErrorCode::ProtocolError, "not SOCKS5");
        row("unknown type of address", "05 00 05 00 00 09 00 00", ErrorCode::ProtocolError, "unknown type");
    }
    void saysWhyItWasRefused()
    {
        QFETCH(QByteArray, answers);
        QFETCH(int, code);
        QFETCH(QByteArray, part);
        Dial dial(with(layer("socks5"), "notls", true));
        dial.start(target);
        dial.node.send(hex(answers.toStdString()));
        QVERIFY(dial.failsWith(static_cast<ErrorCode>(code), part.toStdString()));
    }

    void tellsWrongCredentialsFromMissingOnesAndKeepsThemSecret()
    {
        for (const char *answers : {"05 02 01 01", "05 ff"}) {
            Dial dial(layer("socks5", "someone", "s3cret"));
            dial.start(target);
            dial.node.send(hex(answers));
            QVERIFY(dial.failsWith(ErrorCode::AuthFailed, "accept"));
            QVERIFY(dial.outcome.error().message.find("s3cret") == std::string::npos);
        }
    }

    /// GOST's methods 80 and 82: the rest of the dialogue and the tunnel go through TLS.
    void goesOnInTlsWhenTheServerChoosesIt_data()
    {
        QTest::addColumn<bool>("hasUser");
        QTest::addColumn<QByteArray>("choice");
        QTest::newRow("80") << false << QByteArray("05 80");
        QTest::newRow("82") << true << QByteArray("05 82");
    }
    void goesOnInTlsWhenTheServerChoosesIt()
    {
        QFETCH(bool, hasUser);
        QFETCH(QByteArray, choice);
        LoopFixture fixture;
        const auto connector = made(hasUser ? layer("socks5", "user", "pw") : layer("socks5"));
        auto [ours, theirs] = socketPair();
        HandshakeOutcome client;
        client.start(
            connector->connect(*stream::FdStream::create(fixture.loop(), std::move(ours)), {target, {}, nullptr}));

        // The server reads the greeting, answers in the clear, then speaks TLS.
        stream::StreamPtr plain = *stream::FdStream::create(fixture.loop(), std::move(theirs));
        std::string greeting;
        const std::size_t greetingLength = hasUser ? 6 : 4;
        QVERIFY(fixture.runUntil([&] { return (greeting += drain(*plain).bytes).size() >= greetingLength; }));
        QCOMPARE(plain->write(stream::bytesOf(hex(choice.toStdString()))).bytes, std::size_t(2));
        const auto tls = *stream::TlsServerContext::create({});
        HandshakeOutcome server;
        server.start(tls->accept(std::move(plain)));
        QVERIFY(fixture.runUntil([&] { return server.isThere(); }));
        QVERIFY2(server.isGood(), server.error().message.c_str());

        std::string heard;
        const auto hears = [&](const std::string &expected) {
            heard.clear();
            return fixture.runUntil([&] {
                return (heard += drain(server.stream()).bytes).size() >= expected.size();
            }) && heard == expected;
        };
        if (hasUser) {
            QVERIFY(hears(hex("01 04 75 73 65 72 02 70 77")));
            QCOMPARE(server.stream().write(stream::bytesOf(hex("01 00"))).bytes, std::size_t(2));
        }
        QVERIFY(hears(request));
        const std::string answer = granted + "hello";
        QCOMPARE(server.stream().write(stream::bytesOf(answer)).bytes, answer.size());
        QVERIFY(fixture.runUntil([&] { return client.isThere(); }));
        QVERIFY2(client.isGood(), client.error().message.c_str());
        QCOMPARE(drain(client.stream()).bytes, std::string("hello"));
        QVERIFY(client.stream().plainSocket() == nullptr);
    }

    void trustsNoBytesSentAheadOfTls()
    {
        Dial dial(layer("socks5"));
        dial.start(target);
        dial.node.send(hex("05 80") + granted);
        QVERIFY(dial.failsWith(ErrorCode::ProtocolError, "ahead of TLS"));
    }

    void checksItsSettings()
    {
        config::LayerConfig badFlag = layer("socks5");
        badFlag.metadata.set("notls", {std::string("maybe")});
        QVERIFY(trouble(badFlag).find("notls") != std::string::npos);
        QVERIFY(!trouble(layer("socks5", std::string(256, 'u'), "p")).empty());
        QVERIFY(!trouble(layer("socks5", "u", std::string(256, 'p'))).empty());
        QVERIFY(trouble(layer("socks5", std::string(255, 'u'), std::string(255, 'p'))).empty());
        QVERIFY(trouble(layer("socks6")).find("direct, forward, http, relay, socks, socks4, socks4a, socks5") !=
                std::string::npos);
    }

    void refusesNamesThatCannotBeSent()
    {
        for (const std::string &host : {std::string(256, 'a'), std::string(), std::string("a\0b", 3)}) {
            Dial dial(layer("socks5"));
            dial.start({host, 80});
            QVERIFY(dial.failsWith(ErrorCode::InvalidArgument, "is no host name"));
        }
    }
};

QTEST_APPLESS_MAIN(TestSocks5Connector)
#include "tst_socks5_connector.moc"
