// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/net/socket_factory.h"
#include "daemon/pump/pump.h"
#include "daemon/stream/fd_stream.h"
#include "tests/support/loop_fixture.h"

#include <QTest>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <optional>
#include <sys/ioctl.h>

using namespace sluice;
using pump::Side;

namespace {

/// Two connected, non-blocking TCP sockets over loopback.
std::pair<UniqueFd, UniqueFd> tcpPair()
{
    UniqueFd listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_storage at;
    socklen_t length = Endpoint{IpAddress::loopback(Family::IPv4), 0}.toSockaddr(at);
    if (::bind(listener.get(), reinterpret_cast<sockaddr *>(&at), length) != 0 || ::listen(listener.get(), 1) != 0
        || ::getsockname(listener.get(), reinterpret_cast<sockaddr *>(&at), &length) != 0)
        std::abort();
    auto near = net::connectTcp(*Endpoint::fromSockaddr(at), {});
    UniqueFd far(::accept4(listener.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!near || !far)
        std::abort();
    return {std::move(*near), std::move(far)};
}

std::string pattern(std::size_t size)
{
    std::string bytes(size, '\0');
    std::uint32_t state = 12345;
    for (char &byte : bytes) {
        state = state * 1664525 + 1013904223;
        byte = static_cast<char>(state >> 24);
    }
    return bytes;
}

} // namespace

class TestPump : public QObject, public pump::PumpOwner
{
    Q_OBJECT

private:
    struct Ended
    {
        Side side;
        std::optional<Error> error;
    };

    void onPumpEnd(Side side, const Error *error) override
    {
        m_ended = Ended{side, error != nullptr ? std::optional(*error) : std::nullopt};
        m_pump.reset();
    }

    [[nodiscard]] stream::StreamPtr streamOf(UniqueFd fd)
    {
        return std::move(*stream::FdStream::create(m_fixture->loop(), std::move(fd)));
    }

    test::Peer &client() { return *m_client; }
    test::Peer &target() { return *m_target; }
    [[nodiscard]] bool until(std::function<bool()> condition) { return m_fixture->runUntil(std::move(condition)); }

    std::unique_ptr<test::LoopFixture> m_fixture;
    std::unique_ptr<pump::PumpContext> m_context;
    std::unique_ptr<pump::Pump> m_pump;
    std::unique_ptr<test::Peer> m_client, m_target;
    std::optional<Ended> m_ended;

private slots:
    void init()
    {
        m_ended.reset();
        m_fixture = std::make_unique<test::LoopFixture>();
        m_context.reset(new pump::PumpContext{m_fixture->loop(), {}, std::vector<std::byte>(pump::PumpContext::bufferSize)});
        auto [clientNear, clientFar] = tcpPair();
        auto [targetNear, targetFar] = tcpPair();
        m_client = std::make_unique<test::Peer>(m_fixture->loop(), std::move(clientFar));
        m_target = std::make_unique<test::Peer>(m_fixture->loop(), std::move(targetFar));
        m_pump = std::make_unique<pump::Pump>(*m_context, *this);
        m_pump->start(streamOf(std::move(clientNear)), streamOf(std::move(targetNear)));
    }

    void cleanup()
    {
        m_pump.reset();
        m_client.reset();
        m_target.reset();
        m_context.reset();
        m_fixture.reset();
    }

    void copiesBothWays()
    {
        client().send("question");
        QVERIFY(until([&] { return target().received == "question"; }));
        target().send("answer");
        QVERIFY(until([&] { return client().received == "answer"; }));
        QCOMPARE(m_pump->bytesFrom(Side::Client), 8ULL);
        QCOMPARE(m_pump->bytesFrom(Side::Upstream), 6ULL);
        QVERIFY(!m_ended);
    }

    void carriesBulkUnchangedBothWaysAtOnce()
    {
        const std::string up = pattern(24 * 1024 * 1024);
        const std::string down = pattern(17 * 1024 * 1024 + 3);
        client().send(up);
        target().send(down);
        QVERIFY(until([&] { return target().received.size() == up.size() && client().received.size() == down.size(); }));
        QVERIFY(target().received == up);
        QVERIFY(client().received == down);
        client().send("small again");
        QVERIFY(until([&] { return target().received.size() == up.size() + 11; }));
    }

    void passesTheEndOfOneSideOnAndGoesOnWithTheOther()
    {
        client().send("last words");
        client().finish();
        QVERIFY(until([&] { return target().sawEnd; }));
        QCOMPARE(target().received, std::string("last words"));
        QVERIFY(m_pump->isHalfClosed());
        const std::string answer = pattern(8 * 1024 * 1024);
        target().send(answer);
        target().finish();
        QVERIFY(until([&] { return m_ended.has_value() && client().sawEnd; }));
        QVERIFY(client().received == answer);
        QVERIFY(!m_ended->error);
    }

    void deliversBulkBeforeTheEndThatFollowsIt()
    {
        const std::string bytes = pattern(9 * 1024 * 1024 + 1);
        client().send(bytes);
        client().finish();
        QVERIFY(until([&] { return target().sawEnd; }));
        QVERIFY(target().received == bytes);
    }

    void passesAResetOn_data()
    {
        QTest::addColumn<bool>("byClient");
        QTest::newRow("of the client") << true;
        QTest::newRow("of the target") << false;
    }

    void passesAResetOn()
    {
        QFETCH(bool, byClient);
        client().send("x");
        QVERIFY(until([&] { return target().received == "x"; }));
        (byClient ? client() : target()).reset();
        test::Peer &other = byClient ? target() : client();
        QVERIFY(until([&] { return m_ended.has_value() && other.wasReset; }));
        QVERIFY(m_ended->error.has_value());
        QCOMPARE(m_ended->side, byClient ? Side::Client : Side::Upstream);
    }

    void stopsReadingWhileTheSinkIsBlocked()
    {
        target().pause();
        const std::string bytes = pattern(64 * 1024 * 1024);
        client().send(bytes);
        // Everything stands still once the buffers on the way are full: what is neither sent nor held is still with us.
        std::uint64_t before = 1;
        QVERIFY(until([&] {
            const std::uint64_t now = m_pump->bytesFrom(Side::Client);
            const bool standsStill = now == before && now > 0;
            before = now;
            return standsStill;
        }));
        const std::uint64_t taken = m_pump->bytesFrom(Side::Client);
        QVERIFY2(taken < bytes.size() / 2, qPrintable(QString::number(taken)));
        target().resume();
        QVERIFY(until([&] { return target().received.size() == bytes.size(); }));
        QVERIFY(target().received == bytes);
    }

    void sendsWhatAHandshakeReadTooFarFirst()
    {
        auto [clientNear, clientFar] = tcpPair();
        auto [targetNear, targetFar] = tcpPair();
        m_client = std::make_unique<test::Peer>(m_fixture->loop(), std::move(clientFar));
        m_target = std::make_unique<test::Peer>(m_fixture->loop(), std::move(targetFar));
        m_pump = std::make_unique<pump::Pump>(*m_context, *this);
        stream::StreamPtr near = streamOf(std::move(clientNear));
        near->unread(stream::bytesOf("first "));
        client().send("then");
        m_pump->start(std::move(near), streamOf(std::move(targetNear)));
        QVERIFY(until([&] { return target().received == "first then"; }));
    }

    void workInTurnsSoThatSmallFlowsPass()
    {
        // A second pump carries bulk without end; the first one's ping-pong must go on meanwhile.
        struct Ignore final : pump::PumpOwner
        {
            void onPumpEnd(Side, const Error *) override {}
        } owner;
        auto [bulkNear, bulkFar] = tcpPair();
        auto [sinkNear, sinkFar] = tcpPair();
        test::Peer source(m_fixture->loop(), std::move(bulkFar));
        test::Peer sink(m_fixture->loop(), std::move(sinkFar));
        pump::Pump bulk(*m_context, owner);
        bulk.start(streamOf(std::move(bulkNear)), streamOf(std::move(sinkNear)));
        source.send(pattern(64 * 1024 * 1024));
        int rounds = 0;
        target().onReceived = [](test::Peer &peer) {
            peer.received.clear();
            peer.send("pong");
        };
        client().onReceived = [&](test::Peer &peer) {
            peer.received.clear();
            if (++rounds < 50)
                peer.send("ping");
        };
        client().send("ping");
        QVERIFY(until([&] { return rounds == 50; }));
        QVERIFY2(sink.received.size() < 64 * 1024 * 1024, "the bulk transfer was over before the small flow");
    }
};

QTEST_GUILESS_MAIN(TestPump)
#include "tst_pump.moc"
