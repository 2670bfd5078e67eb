// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
//
// How many connections the process may hold, from its descriptor limit.
#pragma once

#include <atomic>
#include <cstddef>

namespace sluice::service {

/// Two descriptors a connection, some kept back for pipes, files, the bus and the log. Above it acceptors pause and
/// clients wait in the kernel's queue. Thread: any.  Owner: ServiceManager.
class ConnectionBudget
{
public:
    /// `descriptors`: the soft limit of open files.
    explicit ConnectionBudget(std::size_t descriptors);

    [[nodiscard]] bool tryTake()
    {
        if (m_live.fetch_add(1, std::memory_order_relaxed) < m_max)
            return true;
        m_live.fetch_sub(1, std::memory_order_relaxed);
        return false;
    }
    void giveBack() { m_live.fetch_sub(1, std::memory_order_relaxed); }
    [[nodiscard]] std::size_t live() const { return m_live.load(std::memory_order_relaxed); }
    [[nodiscard]] std::size_t max() const { return m_max; }

private:
    std::atomic<std::size_t> m_live{0};
    std::size_t m_max;
};

} // namespace sluice::service
