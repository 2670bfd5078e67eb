// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
//
// Which node of a hop a connection takes. Pure: time and chance come from the caller.
#pragma once

#include "helper/base/duration.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace sluice::chain {

using TimePoint = std::chrono::steady_clock::time_point;

/// When a node counts as failed: metadata maxFails and failTimeout of the node, else the selector's.
/// Values below 1 count as GOST's defaults. Thread: any (plain value).
struct FailLimits
{
    int maxFails = 1;
    Duration failTimeout = std::chrono::seconds(10);
};

/// How often a node failed in a row and when last. Shared by all workers and all connections over the node; it
/// survives a reload that leaves the node as it is.
/// Thread: any, without locks. Two workers may see each other's news a moment late, which only costs an attempt.
class NodeHealth
{
public:
    /// Dial, handshake or the proxy's answer failed: anything that another node might do better.
    void recordFailure(TimePoint now)
    {
        m_lastFailure.store(now.time_since_epoch().count(), std::memory_order_relaxed);
        m_fails.fetch_add(1, std::memory_order_release);
    }
    void recordSuccess()
    {
        if (m_fails.load(std::memory_order_relaxed) != 0) // keeps the cache line shared while all is well
            m_fails.store(0, std::memory_order_relaxed);
    }
    [[nodiscard]] int fails() const { return m_fails.load(std::memory_order_acquire); }
    /// At least maxFails in a row, the last less than failTimeout ago.
    [[nodiscard]] bool isFailed(FailLimits limits, TimePoint now) const
    {
        const FailLimits defaults;
        const Duration timeout = limits.failTimeout > Duration::zero() ? limits.failTimeout : defaults.failTimeout;
        return fails() >= std::max(limits.maxFails, defaults.maxFails) && now - lastFailure() < timeout;
    }

private:
    [[nodiscard]] TimePoint lastFailure() const
    {
        return TimePoint(TimePoint::duration(m_lastFailure.load(std::memory_order_relaxed)));
    }

    std::atomic<int> m_fails = 0;
    std::atomic<TimePoint::rep> m_lastFailure = 0;
};

enum class Strategy : std::uint8_t { Round, Random, Fifo, Hash };

/// GOST's names: round|rr, random|rand, fifo|ha, hash; anything else is Round, as in GOST.
[[nodiscard]] Strategy strategyNamed(std::string_view name);

/// One node of the hop as one connection sees it. Thread: any (plain value).
struct Candidate
{
    bool isEligible = true; ///< no bypass list leaves it out, its matcher or filter wants the connection
    bool hasFailed = false; ///< NodeHealth::isFailed(), asked once so that it cannot change during the choice
    bool isBackup = false;  ///< metadata backup
    int priority = 0;       ///< effectivePriority(), 0 without a matcher
    int weight = 1;         ///< metadata weight, for Random; below 1 counts as 1
};

/// How to choose. `turn` counts the choices of this hop.
struct Selection
{
    Strategy strategy = Strategy::Round;
    std::string_view hashSource; ///< for Hash: the client's id, else its address; empty chooses by `random`
    std::uint64_t random = 0;    ///< a fresh random number, for Random
    std::atomic<std::uint64_t> *turn = nullptr;
};

/// The index of the node to take, or nothing when no node is eligible (the connection must then fail, not go direct).
/// In GOST's order: failed nodes are left out, but when all eligible ones have failed the first of them is tried all
/// the same; backups are left out while a primary is there; the highest priority wins; the strategy chooses among the
/// rest. The hop's own bypass comes before this and is no matter of nodes. Thread: any.  Never allocates.
[[nodiscard]] std::optional<std::size_t> selectNode(std::span<const Candidate> nodes, const Selection &how);

} // namespace sluice::chain
