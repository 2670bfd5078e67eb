// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/net/event_loop.h"

#include "tests/support/loop_fixture.h"

#include <QTest>
#include <thread>

using namespace sluice;
using namespace sluice::net;
using namespace std::chrono_literals;

namespace {

struct Recorder final : TimerHandler
{
    Recorder(std::vector<int> &where, int what)
        : log(where)
        , number(what)
    {
    }
    void onTimer(Timer &) override
    {
        log.push_back(number);
        if (then)
            then();
    }
    std::vector<int> &log;
    int number;
    std::function<void()> then;
};

struct Listener final : FdHandler
{
    void onEvents(std::uint32_t) override
    {
        ++count;
        if (then)
            then();
    }
    int count = 0;
    std::function<void()> then;
};

struct Transfer final : BulkTask
{
    Transfer(EventLoop &on, std::size_t bytes)
        : loop(on)
        , left(bytes)
    {
    }
    ~Transfer() override { loop.unqueue(*this); }
    std::size_t runBulk(std::size_t budget) override
    {
        budgets.push_back(budget);
        const std::size_t moved = std::min(left, budget);
        left -= moved;
        if (left > 0)
            loop.queue(*this);
        if (then)
            then();
        return moved;
    }
    EventLoop &loop;
    std::size_t left;
    std::vector<std::size_t> budgets;
    std::function<void()> then;
};

} // namespace

class TestEventLoop : public QObject
{
    Q_OBJECT

private slots:
    void firesTimersInOrderOfTime()
    {
        test::LoopFixture fixture;
        std::vector<int> log;
        std::vector<std::unique_ptr<Recorder>> recorders;
        std::vector<std::unique_ptr<Timer>> timers;
        const std::vector<int> order{7, 3, 9, 1, 8, 2, 6, 5, 4, 0};
        for (const int number : order) {
            recorders.push_back(std::make_unique<Recorder>(log, number));
            timers.push_back(std::make_unique<Timer>(fixture.loop(), *recorders.back()));
            timers.back()->armIn(number * 3ms);
        }
        timers[2]->disarm();    // number 9
        timers[0]->armIn(40ms); // number 7 moves behind all others
        QVERIFY(fixture.runUntil([&] { return log.size() == 9; }));
        QVERIFY((log == std::vector<int>{0, 1, 2, 3, 4, 5, 6, 8, 7}));
        QVERIFY(!timers[2]->isArmed());
    }

    void servesOthersBetweenTimersReArmedForNow()
    {
        std::vector<int> order;
        test::LoopFixture fixture;
        Recorder again(order, 1);
        Timer timer(fixture.loop(), again);
        again.then = [&] { timer.armIn(0s); }; // for ever, but not within one round
        timer.armIn(0s);
        QVERIFY(fixture.runUntil([&] { return order.size() > 3; }));
        timer.disarm();
    }

    void letsATimerDeleteAnotherThatIsDueToo()
    {
        test::LoopFixture fixture;
        std::vector<int> log;
        Recorder first(log, 1);
        Recorder second(log, 2);
        Recorder third(log, 3);
        Timer firstTimer(fixture.loop(), first);
        auto secondTimer = std::make_unique<Timer>(fixture.loop(), second);
        Timer thirdTimer(fixture.loop(), third);
        first.then = [&] { secondTimer.reset(); };
        firstTimer.armIn(0ms);
        secondTimer->arm(fixture.loop().now() + 1us);
        thirdTimer.arm(fixture.loop().now() + 2us);
        QVERIFY(fixture.runUntil([&] { return log.size() == 2; }));
        QVERIFY((log == std::vector<int>{1, 3}));
    }

    void roundsLongDelaysUpToWholeSeconds()
    {
        test::LoopFixture fixture;
        std::vector<int> log;
        Recorder recorder(log, 1);
        Timer timer(fixture.loop(), recorder);
        timer.armIn(10s + 1ms); // must not come early, whatever the rounding
        QVERIFY(timer.isArmed());
        fixture.settle();
        QVERIFY(log.empty());
    }

    void dropsEventsOfAHandlerForgottenInTheSameBatch()
    {
        test::LoopFixture fixture;
        EventLoop &loop = fixture.loop();
        auto [first, firstPeer] = test::socketPair();
        auto [second, secondPeer] = test::socketPair();
        Listener listeners[2];
        QVERIFY(loop.watch(first.get(), listeners[0], EPOLLIN | EPOLLET));
        QVERIFY(loop.watch(second.get(), listeners[1], EPOLLIN | EPOLLET));
        // Whichever comes first silences the other.
        listeners[0].then = [&] {
            loop.forget(second.get(), listeners[1]);
            second.reset();
        };
        listeners[1].then = [&] {
            loop.forget(first.get(), listeners[0]);
            first.reset();
        };
        QCOMPARE(::send(firstPeer.get(), "x", 1, 0), ssize_t(1));
        QCOMPARE(::send(secondPeer.get(), "x", 1, 0), ssize_t(1));
        fixture.settle();
        QCOMPARE(listeners[0].count + listeners[1].count, 1);
    }

    void runsPostedCallsOfAnotherThreadInOrder()
    {
        test::LoopFixture fixture;
        std::vector<int> log;
        const auto loopThread = std::this_thread::get_id();
        std::thread other([&] {
            for (int i = 0; i < 1000; ++i)
                fixture.loop().post(
                    [&log, i, loopThread] { log.push_back(std::this_thread::get_id() == loopThread ? i : -1); });
        });
        const bool areAllThere = fixture.runUntil([&] { return log.size() == 1000; });
        other.join();
        QVERIFY(areAllThere);
        for (int i = 0; i < 1000; ++i)
            QCOMPARE(log[static_cast<std::size_t>(i)], i);
    }

    void takesTurnsBetweenBulkTasks()
    {
        test::LoopFixture fixture;
        constexpr std::size_t size = 64 * EventLoop::smallQuantum;
        Transfer first(fixture.loop(), size);
        Transfer second(fixture.loop(), size);
        std::size_t largestLead = 0;
        first.then = second.then = [&] {
            const std::size_t lead = std::max(first.left, second.left) - std::min(first.left, second.left);
            largestLead = std::max(largestLead, lead);
        };
        fixture.loop().queue(first);
        fixture.loop().queue(second);
        fixture.loop().queue(first); // a queued task is queued once
        QVERIFY(fixture.runUntil([&] { return first.left == 0 && second.left == 0; }));
        QVERIFY(largestLead <= EventLoop::largeQuantum);
    }

    void servesEventsBetweenBulkTurns()
    {
        test::LoopFixture fixture;
        EventLoop &loop = fixture.loop();
        auto [mine, peer] = test::socketPair();
        Listener listener;
        QVERIFY(loop.watch(mine.get(), listener, EPOLLIN | EPOLLET));
        Transfer endless(loop, ~std::size_t{0});
        std::size_t turnsAtEvent = 0;
        listener.then = [&] { turnsAtEvent = endless.budgets.size(); };
        endless.then = [&, peerFd = peer.get()] {
            if (endless.budgets.size() == 10)
                (void)::send(peerFd, "x", 1, 0);
        };
        loop.queue(endless);
        QVERIFY(fixture.runUntil([&] { return listener.count == 1; }));
        QCOMPARE(turnsAtEvent, std::size_t(10)); // no turn between the byte and its event
        loop.forget(mine.get(), listener);
    }

    void givesBulkLargeTurnsOnlyWhileAllIsCalm()
    {
        test::LoopFixture fixture;
        Transfer endless(fixture.loop(), ~std::size_t{0});
        fixture.loop().queue(endless);
        QVERIFY(fixture.runUntil([&] { return endless.budgets.size() > 2 * EventLoop::calmTurns; }));
        QCOMPARE(endless.budgets.front(), EventLoop::smallQuantum);
        QCOMPARE(endless.budgets.back(), EventLoop::largeQuantum);
        const std::size_t before = endless.budgets.size();
        fixture.loop().stir();
        QVERIFY(fixture.runUntil([&] { return endless.budgets.size() > before; }));
        QCOMPARE(endless.budgets[before], EventLoop::smallQuantum);
    }
};

QTEST_APPLESS_MAIN(TestEventLoop)
#include "tst_event_loop.moc"
