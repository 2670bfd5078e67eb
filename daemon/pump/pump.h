// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
//
// Moves bytes between a client and its upstream, both ways, until both have finished.
#pragma once

#include "daemon/net/event_loop.h"
#include "daemon/pump/pipe_pool.h"
#include "daemon/stream/stream.h"

#include <array>
#include <atomic>
#include <memory>
#include <span>
#include <vector>

namespace sluice::pump {

/// What the pumps of one worker share.
struct PumpContext
{
    net::EventLoop &loop;
    PipePool pipes;
    std::vector<std::byte> buffer = std::vector<std::byte>(bufferSize);
    static constexpr std::size_t bufferSize = 64 * 1024; // bytes, one per worker, none per connection
};

enum class Side : std::uint8_t { Client = 0, Upstream = 1 };

/// Told when a pump has nothing more to do.
class PumpOwner
{
public:
    /// `error` is null when both sides finished in order; otherwise `side` is the one that failed. May delete the pump.
    virtual void onPumpEnd(Side side, const Error *error) = 0;

protected:
    ~PumpOwner() = default;
};

/// The relay of one connection. Thread: io.  Owner: the session.
/// Small data is copied through the worker's buffer. A direction that brought two reads of 16 KiB becomes bulk: it
/// takes turns in the loop's run queue, and where both ends are plain sockets it is spliced through a pooled pipe, so
/// its bytes never enter user space. It falls back to copying when it calms down or when no pipe is to be had.
/// Backpressure: while a sink is blocked its source is not read; in flight is at most one pipe or one buffer.
/// Half-close: the end of one direction is passed on when its last byte is, and the other direction goes on.
/// Failure: a reset is passed on as a reset. When a sink breaks, what it still has to say is delivered first.
class Pump final : private stream::StreamWatcher, private net::BulkTask
{
public:
    static constexpr std::size_t bulkRead = 16 * 1024; ///< a read of at least this many bytes hints at bulk
    static constexpr int bulkReadsToSplice = 2;

    Pump(PumpContext &context, PumpOwner &owner)
        : m_context(context)
        , m_owner(owner)
    {
    }
    ~Pump() override;
    Pump(const Pump &) = delete;
    Pump &operator=(const Pump &) = delete;

    /// Takes both streams and begins. The last thing the caller does: onPumpEnd may come from inside.
    void start(stream::StreamPtr client, stream::StreamPtr upstream);
    /// Counts bytes that went another way: with a proxy's request. Before start().
    void addBytesFrom(Side side, std::uint64_t count);
    [[nodiscard]] bool isStarted() const { return m_streams[0] != nullptr; }

    /// Bytes that came from `side`. Thread: any (relaxed).
    [[nodiscard]] std::uint64_t bytesFrom(Side side) const
    {
        return m_directions[static_cast<std::size_t>(side)].bytes.load(std::memory_order_relaxed);
    }
    [[nodiscard]] net::TimePoint lastActivity() const { return m_lastActivity; }
    [[nodiscard]] bool isHalfClosed() const { return m_directions[0].hasEnded != m_directions[1].hasEnded; }
    /// Makes the closing of both streams look like a failure to the peers.
    void abort();

private:
    struct Direction
    {
        std::atomic<std::uint64_t> bytes{0};
        std::unique_ptr<std::vector<std::byte>> spill; ///< read, but the sink took no more; null when empty
        std::unique_ptr<Pipe> pipe;                    ///< lent while bytes are in it
        std::uint32_t inPipe = 0;                      ///< bytes
        std::uint8_t bulkScore = 0;
        bool isBulk = false;
        bool sawEnd = false;   ///< the source has finished
        bool hasEnded = false; ///< … and the sink was told
    };

    void onStreamReady(stream::Stream &stream) override;
    std::size_t runBulk(std::size_t budget) override;
    std::size_t move(std::size_t from, std::size_t budget);
    /// These two return false when nothing more can be done now.
    bool copyOnce(std::size_t from, std::size_t &moved);
    bool spliceOnce(std::size_t from, std::size_t budget, std::size_t &moved);
    bool flushSpill(std::size_t from);
    void noteRead(Direction &direction, std::size_t count);
    void passEndOn(std::size_t from);
    void sinkFailed(std::size_t from);
    void sourceFailed(std::size_t from);
    void fail(std::size_t side);
    void returnPipe(Direction &direction);
    /// Reports the end if there is one; `this` may be gone after it.
    void settle();
    [[nodiscard]] bool isBulk() const { return m_directions[0].isBulk || m_directions[1].isBulk; }

    PumpContext &m_context;
    PumpOwner &m_owner;
    std::array<stream::StreamPtr, 2> m_streams;
    std::array<Direction, 2> m_directions; ///< by source
    net::TimePoint m_lastActivity{};
    std::unique_ptr<Error> m_error; ///< the first failure
    Side m_failedSide = Side::Client;
    bool m_isOver = false;
};

} // namespace sluice::pump
