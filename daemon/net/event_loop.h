// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
//
// The loop of one worker thread: descriptors (edge-triggered epoll), timers, calls posted from other threads, and a
// run queue for bulk transfers that gives way to everything else.
#pragma once

#include "helper/base/result.h"
#include "helper/base/unique_fd.h"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <sys/epoll.h>
#include <vector>

namespace sluice::net {

using Clock = std::chrono::steady_clock; // CLOCK_MONOTONIC
using TimePoint = Clock::time_point;

/// Gets the events of one descriptor. Thread: io.
class FdHandler
{
public:
    virtual void onEvents(std::uint32_t events) = 0; ///< EPOLL* bits; may delete the handler

protected:
    ~FdHandler() = default;
};

class Timer;

/// Told when a timer is due. Thread: io.
class TimerHandler
{
public:
    virtual void onTimer(Timer &timer) = 0; ///< may re-arm or delete the timer

protected:
    ~TimerHandler() = default;
};

class EventLoop;

/// One deadline. Arming and disarming cost O(log n), an armed timer 8 bytes in the loop. Disarms itself when it goes.
/// Thread: io.  Owner: its handler, which must outlive it.
class Timer
{
public:
    Timer(EventLoop &loop, TimerHandler &handler) : m_loop(loop), m_handler(handler) {}
    ~Timer() { disarm(); }
    Timer(const Timer &) = delete;
    Timer &operator=(const Timer &) = delete;

    /// Due at `when`; delays of ten seconds and more are rounded up to whole seconds, so that many timers wake the
    /// thread once. Arming an armed timer moves it.
    void arm(TimePoint when);
    void armIn(Clock::duration delay);
    void disarm();
    [[nodiscard]] bool isArmed() const { return m_index != unarmed; }

private:
    friend class EventLoop;
    static constexpr std::uint32_t unarmed = ~0U;
    EventLoop &m_loop;
    TimerHandler &m_handler;
    TimePoint m_when{};
    std::uint32_t m_index = unarmed; ///< place in the loop's heap
};

/// A transfer that always has more to do. It takes turns with the others and with the loop's events.
/// Thread: io.
class BulkTask
{
public:
    /// Moves about `budget` bytes and returns how many it moved. To be called again it queues itself again.
    virtual std::size_t runBulk(std::size_t budget) = 0;

protected:
    virtual ~BulkTask() = default;

private:
    friend class EventLoop;
    bool m_isQueued = false;
};

/// One thread's loop. Thread: io, but for post() and stop().  Owner: Worker.
/// Fairness: after every quantum of bulk bytes the loop looks at its events. The quantum is small (256 KiB) while small
/// flows stir and large (1 MiB) otherwise: small ones then wait some hundred microseconds instead of some ten
/// milliseconds, at a cost of a few per cent of bulk throughput.
/// Source: man 7 epoll.
class EventLoop
{
public:
    static constexpr std::uint32_t readWriteEdge = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
    static constexpr std::size_t smallQuantum = 256 * 1024; // bytes
    static constexpr std::size_t largeQuantum = 1024 * 1024;
    static constexpr int calmTurns = 64; ///< turns without an event on a small flow after which all is calm

    static Result<std::unique_ptr<EventLoop>> create();
    ~EventLoop();
    EventLoop(const EventLoop &) = delete;
    EventLoop &operator=(const EventLoop &) = delete;

    /// Sends the events of `fd` to `handler` until forget(). Edge-triggered unless `events` says otherwise.
    Result<void> watch(int fd, FdHandler &handler, std::uint32_t events = readWriteEdge);
    /// Changes what is watched (level-triggered acceptors pause and resume so).
    void rewatch(int fd, FdHandler &handler, std::uint32_t events);
    /// No event of `fd` reaches `handler` any more, neither fetched nor future. Closing alone would not do: while another
    /// thread starts a process, the child holds a copy of the descriptor, and the kernel goes on watching it.
    void forget(int fd, FdHandler &handler);

    /// Runs `task` when its turn comes. Queueing a queued task does nothing.
    void queue(BulkTask &task);
    void unqueue(BulkTask &task);
    /// An event on a flow that is not bulk was served: bulk gets small turns for a while.
    void stir() { m_calm = 0; }

    /// Runs `call` in the loop's thread. Thread: any.
    void post(std::function<void()> call);
    /// run() returns after the current round. Thread: any.
    void stop();
    void run();

    /// The time at which this round began. Cheap; exact enough for every deadline here.
    [[nodiscard]] TimePoint now() const { return m_now; }

private:
    friend class Timer;
    EventLoop() = default;
    void dispatchEvents(int count);
    void runBulkTasks();
    void runPosted();
    void fireTimers();
    [[nodiscard]] int millisecondsToNextTimer() const;
    void heapRemove(Timer &timer);
    void heapSiftUp(std::size_t index);
    void heapSiftDown(std::size_t index);
    void heapPlace(std::size_t index, Timer *timer);

    static constexpr int batchSize = 256;
    UniqueFd m_epoll;
    UniqueFd m_wake; ///< eventfd: something was posted
    epoll_event m_batch[batchSize];
    int m_batchNext = 0, m_batchCount = 0;
    std::vector<BulkTask *> m_bulk, m_bulkTurn;
    int m_calm = 0;
    std::vector<Timer *> m_timers; ///< binary heap by m_when
    TimePoint m_now = Clock::now();
    bool m_isStopping = false;
    std::mutex m_postMutex;
    std::vector<std::function<void()>> m_posted;
};

} // namespace sluice::net
