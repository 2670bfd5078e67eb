// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/chain/selector.h"

#include <QTest>

#include <array>
#include <string>
#include <thread>
#include <vector>

using namespace sluice;
using namespace sluice::chain;
using namespace std::chrono_literals;

namespace {

constexpr TimePoint start{1h};

/// The indices of `count` choices in a row: "0120".
std::string choices(std::span<const Candidate> nodes, Selection how, int count)
{
    std::atomic<std::uint64_t> turn = 0;
    how.turn = &turn;
    std::string text;
    for (int i = 0; i < count; ++i) {
        const auto index = selectNode(nodes, how);
        text += index ? std::to_string(*index) : "-";
        ++how.random;
    }
    return text;
}

std::string choices(std::span<const Candidate> nodes, Strategy strategy, int count)
{
    Selection how;
    how.strategy = strategy;
    return choices(nodes, how, count);
}

Candidate failed()
{
    Candidate node;
    node.hasFailed = true;
    return node;
}

Candidate ineligible()
{
    Candidate node;
    node.isEligible = false;
    return node;
}

Candidate backup()
{
    Candidate node;
    node.isBackup = true;
    return node;
}

Candidate withPriority(int priority)
{
    Candidate node;
    node.priority = priority;
    return node;
}

Candidate withWeight(int weight)
{
    Candidate node;
    node.weight = weight;
    return node;
}

} // namespace

class TestSelector : public QObject
{
    Q_OBJECT

private slots:
    void knowsNamesOfStrategies()
    {
        QCOMPARE(strategyNamed("rr"), Strategy::Round);
        QCOMPARE(strategyNamed("round"), Strategy::Round);
        QCOMPARE(strategyNamed("rand"), Strategy::Random);
        QCOMPARE(strategyNamed("random"), Strategy::Random);
        QCOMPARE(strategyNamed("ha"), Strategy::Fifo);
        QCOMPARE(strategyNamed("fifo"), Strategy::Fifo);
        QCOMPARE(strategyNamed("hash"), Strategy::Hash);
        QCOMPARE(strategyNamed("what"), Strategy::Round);
    }

    void goesRound()
    {
        const std::array<Candidate, 3> nodes;
        QCOMPARE(choices(nodes, Strategy::Round, 7), std::string("0120120"));
    }

    void goesRoundAmongTheLiving()
    {
        const std::array nodes{Candidate(), failed(), Candidate()};
        QCOMPARE(choices(nodes, Strategy::Round, 4), std::string("0202"));
    }

    void takesFirstByFifo()
    {
        const std::array nodes{failed(), Candidate(), Candidate()};
        QCOMPARE(choices(nodes, Strategy::Fifo, 3), std::string("111"));
    }

    void weighsRandomChoices()
    {
        const std::array nodes{withWeight(1), withWeight(3), withWeight(0), withWeight(-5)};
        QCOMPARE(choices(nodes, Strategy::Random, 7), std::string("0111230"));
    }

    void hashesClient()
    {
        const std::array<Candidate, 10> nodes;
        Selection how;
        how.strategy = Strategy::Hash;
        how.hashSource = "123456789"; // CRC-32's check value is 0xcbf43926 = 3421780262
        QCOMPARE(choices(nodes, how, 3), std::string("222"));
        how.hashSource = {};
        QCOMPARE(choices(nodes, how, 3), std::string("012"));
    }

    void answersNothingWithoutEligibleNode()
    {
        QVERIFY(!selectNode({}, {}));
        const std::array nodes{ineligible(), ineligible()};
        QVERIFY(!selectNode(nodes, {}));
    }

    void triesFirstFailedNodeAsLastResort()
    {
        Candidate failedAndIneligible = failed();
        failedAndIneligible.isEligible = false;
        const std::array nodes{failedAndIneligible, failed(), failed(), ineligible()};
        QCOMPARE(choices(nodes, Strategy::Round, 2), std::string("11"));
    }

    void takesOnlyOneLeftWhateverItIs()
    {
        const std::array nodes{failed(), backup(), ineligible()};
        QCOMPARE(choices(nodes, Strategy::Round, 2), std::string("11"));
    }

    void keepsBackupsForWhenPrimariesFail()
    {
        const std::array withPrimary{backup(), Candidate(), backup()};
        QCOMPARE(choices(withPrimary, Strategy::Round, 2), std::string("11"));
        const std::array onlyBackups{backup(), failed(), backup()};
        QCOMPARE(choices(onlyBackups, Strategy::Round, 3), std::string("020"));
    }

    void prefersHighestPriority()
    {
        const std::array nodes{withPriority(5), withPriority(20), withPriority(10)};
        QCOMPARE(choices(nodes, Strategy::Round, 3), std::string("111"));
        const std::array tied{withPriority(20), withPriority(5), withPriority(20)};
        QCOMPARE(choices(tied, Strategy::Round, 4), std::string("0202"));
    }

    void prefersPrimaryToBackupOfHigherPriority()
    {
        Candidate urgentBackup = backup();
        urgentBackup.priority = 50;
        const std::array nodes{urgentBackup, withPriority(1), withPriority(2)};
        QCOMPARE(choices(nodes, Strategy::Round, 2), std::string("22"));
    }

    void countsFailuresInARow()
    {
        NodeHealth health;
        const FailLimits limits{2, 30s};
        QVERIFY(!health.isFailed(limits, start));
        health.recordFailure(start);
        QVERIFY(!health.isFailed(limits, start));
        health.recordFailure(start + 1s);
        QVERIFY(health.isFailed(limits, start + 1s));
        QVERIFY(health.isFailed(limits, start + 30s));
        QVERIFY(!health.isFailed(limits, start + 31s));
        health.recordFailure(start + 32s); // tried again and failed again
        QVERIFY(health.isFailed(limits, start + 33s));
        health.recordSuccess();
        QVERIFY(!health.isFailed(limits, start + 33s));
        QCOMPARE(health.fails(), 0);
    }

    void replacesUselessLimits()
    {
        NodeHealth health;
        QVERIFY(!health.isFailed({0, 0s}, start));
        health.recordFailure(start);
        QVERIFY(health.isFailed({-1, -1s}, start + 9s));
        QVERIFY(!health.isFailed({-1, -1s}, start + 10s));
    }

    /// The first request finds node 0 dead and fails; the next one takes node 1; after failTimeout node 0 gets another
    /// try. With a retry already the first request comes through.
    void movesOnFromDeadNodeAndComesBack()
    {
        std::array<NodeHealth, 2> health;
        const auto choose = [&health](TimePoint now) {
            std::array<Candidate, 2> nodes;
            for (std::size_t i = 0; i < nodes.size(); ++i)
                nodes[i].hasFailed = health[i].isFailed({}, now);
            Selection how;
            how.strategy = Strategy::Fifo;
            return selectNode(nodes, how).value();
        };
        QCOMPARE(choose(start), std::size_t{0});
        health[0].recordFailure(start);
        QCOMPARE(choose(start), std::size_t{1}); // the retry, or the next request
        health[1].recordSuccess();
        QCOMPARE(choose(start + 9s), std::size_t{1});
        QCOMPARE(choose(start + 10s), std::size_t{0});
        health[0].recordSuccess();
        QCOMPARE(choose(start + 11s), std::size_t{0});
    }

    void countsFromManyThreads()
    {
        NodeHealth health;
        std::vector<std::thread> threads;
        for (int i = 0; i < 4; ++i) {
            threads.emplace_back([&health] {
                for (int n = 0; n < 1000; ++n)
                    health.recordFailure(start);
            });
        }
        for (std::thread &thread : threads)
            thread.join();
        QCOMPARE(health.fails(), 4000);
    }
};

QTEST_APPLESS_MAIN(TestSelector)
#include "tst_selector.moc"
