// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/stream/dialogue.h"

#include "daemon/stream/handshake.h"
#include "tests/support/bytes.h"
#include "tests/support/loop_fixture.h"

#include <QTest>

using namespace sluice;
using namespace sluice::stream;
using namespace sluice::test;

namespace {

/// Says "hello", waits for as many words of three letters as it is told, answers each with "ok", and is done.
class Echo final : public DialogueHandshake
{
public:
    Echo(StreamPtr stream, int words, int *hearings = nullptr)
        : DialogueHandshake(std::move(stream))
        , m_words(words)
        , m_hearings(hearings)
    {
    }

private:
    void begin() override { say("hello"); }
    [[nodiscard]] std::string nameOfPeer() const override { return "test peer"; }
    std::size_t hear(std::span<const std::byte> heard) override
    {
        if (m_hearings != nullptr)
            ++*m_hearings;
        if (textOf(heard).starts_with("no!")) {
            say("bye");
            fail({ErrorCode::Refused, "it said no", 0});
            return 3;
        }
        if (m_words < 0 || heard.size() < 3) // below zero: never satisfied
            return 0;
        say("ok");
        if (--m_words == 0)
            finish();
        return 3;
    }

    int m_words;
    int *m_hearings;
};

struct Outcome
{
    std::optional<Result<StreamPtr>> result;
    HandshakePtr handshake;

    void start(HandshakePtr started)
    {
        handshake = std::move(started);
        handshake->start([this](Result<StreamPtr> ended) {
            result.emplace(std::move(ended));
            handshake.reset(); // allowed: it was the handshake's last act
        });
    }
};

} // namespace

class TestDialogue : public QObject
{
    Q_OBJECT

private slots:
    void understandsWordsInAnyCutting_data()
    {
        QTest::addColumn<int>("bytesPerTurn");
        QTest::newRow("all at once") << 0;
        QTest::newRow("one byte at a time") << 1;
        QTest::newRow("across the words") << 2;
    }
    void understandsWordsInAnyCutting()
    {
        QFETCH(int, bytesPerTurn);
        LoopFixture fixture;
        Connection connection(fixture);
        connection.peer->bytesPerTurn = static_cast<std::size_t>(bytesPerTurn);
        connection.peer->send("onetwosixsurplus");
        Outcome outcome;
        outcome.start(std::make_unique<Echo>(std::move(connection.stream), 3));
        QVERIFY(fixture.runUntil(
            [&] { return outcome.result && connection.peer->hasSentAll() && connection.peer->received.size() == 11; }));
        QVERIFY(outcome.result->hasValue());
        QCOMPARE(shown(connection.peer->received), shown("hellookokok"));
        fixture.settle();
        QCOMPARE(shown(drain(***outcome.result).bytes), shown("surplus"));
    }

    void isAskedOncePerArrival()
    {
        LoopFixture fixture;
        Connection connection(fixture);
        connection.peer->bytesPerTurn = 1;
        connection.peer->send("one");
        Outcome outcome;
        int hearings = 0;
        outcome.start(std::make_unique<Echo>(std::move(connection.stream), 1, &hearings));
        QVERIFY(fixture.runUntil([&] { return outcome.result.has_value(); }));
        QCOMPARE(hearings, 3);
    }

    void deliversItsLastWordsBeforeItFails()
    {
        LoopFixture fixture;
        Connection connection(fixture);
        connection.peer->send("no!");
        Outcome outcome;
        outcome.start(std::make_unique<Echo>(std::move(connection.stream), 3));
        QVERIFY(fixture.runUntil([&] { return outcome.result && connection.peer->sawEnd; }));
        QCOMPARE(outcome.result->error().code, ErrorCode::Refused);
        QCOMPARE(shown(connection.peer->received), shown("hellobye"));
    }

    void failsWhenThePeerLeavesInTheMiddle()
    {
        LoopFixture fixture;
        Connection connection(fixture);
        connection.peer->send("on");
        connection.peer->finish();
        Outcome outcome;
        outcome.start(std::make_unique<Echo>(std::move(connection.stream), 1));
        QVERIFY(fixture.runUntil([&] { return outcome.result.has_value(); }));
        QCOMPARE(outcome.result->error().code, ErrorCode::Unreachable);
        QVERIFY(outcome.result->error().message.find("test peer closed the connection") != std::string::npos);
    }

    void refusesToCollectWithoutEnd()
    {
        LoopFixture fixture;
        Connection connection(fixture);
        connection.peer->send(std::string(1024 * 1024, 'x'));
        Outcome outcome;
        outcome.start(std::make_unique<Echo>(std::move(connection.stream), -1));
        QVERIFY(fixture.runUntil([&] { return outcome.result.has_value(); }));
        QCOMPARE(outcome.result->error().code, ErrorCode::ProtocolError);
        QVERIFY(outcome.result->error().message.find("64 KiB") != std::string::npos);
    }

    void canBeCancelledAtAnyTime()
    {
        LoopFixture fixture;
        Connection connection(fixture);
        {
            const HandshakePtr notStarted = std::make_unique<Echo>(std::move(connection.stream), 1);
        }
        fixture.settle();
        QVERIFY(connection.peer->sawEnd);

        Connection second(fixture);
        Outcome outcome;
        outcome.start(std::make_unique<Echo>(std::move(second.stream), 1));
        fixture.settle();
        outcome.handshake.reset();
        QVERIFY(fixture.runUntil([&] { return second.peer->sawEnd; }));
        QVERIFY(!outcome.result);
    }
};

QTEST_APPLESS_MAIN(TestDialogue)
#include "tst_dialogue.moc"
