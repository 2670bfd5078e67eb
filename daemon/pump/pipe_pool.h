// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
//
// Pipes for splice(2), lent to bulk transfers for as long as they have bytes in flight.
#pragma once

#include "helper/base/unique_fd.h"

#include <cstddef>
#include <memory>
#include <vector>

namespace sluice::pump {

/// One non-blocking pipe. `capacity` in bytes.
struct Pipe
{
    UniqueFd readEnd;
    UniqueFd writeEnd;
    std::size_t capacity = 0;
};

/// The pipes of one worker. Thread: io.  Owner: Worker.
/// Limits: at most maxPipes in the whole process, each of 1 MiB, or 256 or 64 KiB where the kernel grants no more: a user
/// without CAP_SYS_RESOURCE may hold 64 MiB in pipes, after that new ones are tiny (man 7 pipe). take() then gives null,
/// and the pump copies.
class PipePool
{
public:
    static constexpr int maxPipes = 128;
    static constexpr std::size_t wantedCapacity = 1024 * 1024;
    static constexpr std::size_t leastCapacity = 64 * 1024;

    PipePool() = default;
    ~PipePool();
    PipePool(const PipePool &) = delete;
    PipePool &operator=(const PipePool &) = delete;

    [[nodiscard]] std::unique_ptr<Pipe> take();
    /// `isEmpty`: no bytes are left in it, so the next one may have it.
    void giveBack(std::unique_ptr<Pipe> pipe, bool isEmpty);

private:
    std::vector<std::unique_ptr<Pipe>> m_free;
};

} // namespace sluice::pump
