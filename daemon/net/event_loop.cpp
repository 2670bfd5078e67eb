// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/net/event_loop.h"

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <sys/eventfd.h>

namespace sluice::net {

using namespace std::chrono_literals;

void Timer::arm(TimePoint when)
{
    when = std::max(when, m_loop.now() + 1ns); // next round at the earliest: a handler may re-arm for "now"
    if (when - m_loop.now() >= 10s)
        when = std::chrono::ceil<std::chrono::seconds>(when);
    if (isArmed()) {
        m_when = when;
        m_loop.heapSiftUp(m_index);
        m_loop.heapSiftDown(m_index);
        return;
    }
    m_when = when;
    m_loop.m_timers.push_back(this);
    m_index = static_cast<std::uint32_t>(m_loop.m_timers.size() - 1);
    m_loop.heapSiftUp(m_index);
}

void Timer::armIn(Clock::duration delay)
{
    arm(m_loop.now() + delay);
}

void Timer::disarm()
{
    if (isArmed())
        m_loop.heapRemove(*this);
}

Result<std::unique_ptr<EventLoop>> EventLoop::create()
{
    std::unique_ptr<EventLoop> loop(new EventLoop);
    loop->m_epoll = UniqueFd(::epoll_create1(EPOLL_CLOEXEC));
    loop->m_wake = UniqueFd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    if (!loop->m_epoll || !loop->m_wake)
        return systemError("cannot make an event loop", errno);
    epoll_event event{EPOLLIN, {.ptr = nullptr}}; // no handler: it only wakes the loop
    if (::epoll_ctl(loop->m_epoll.get(), EPOLL_CTL_ADD, loop->m_wake.get(), &event) != 0)
        return systemError("cannot watch the wake-up descriptor", errno);
    return loop;
}

EventLoop::~EventLoop()
{
    assert(m_timers.empty() && m_bulk.empty());
}

Result<void> EventLoop::watch(int fd, FdHandler &handler, std::uint32_t events)
{
    epoll_event event{events, {.ptr = &handler}};
    if (::epoll_ctl(m_epoll.get(), EPOLL_CTL_ADD, fd, &event) != 0)
        return systemError("cannot watch a descriptor", errno);
    return {};
}

void EventLoop::rewatch(int fd, FdHandler &handler, std::uint32_t events)
{
    epoll_event event{events, {.ptr = &handler}};
    ::epoll_ctl(m_epoll.get(), EPOLL_CTL_MOD, fd, &event);
}

void EventLoop::forget(int fd, FdHandler &handler)
{
    ::epoll_ctl(m_epoll.get(), EPOLL_CTL_DEL, fd, nullptr);
    for (int i = m_batchNext; i < m_batchCount; ++i) {
        if (m_batch[i].data.ptr == &handler)
            m_batch[i].data.ptr = nullptr;
    }
}

void EventLoop::queue(BulkTask &task)
{
    if (!task.m_isQueued) {
        task.m_isQueued = true;
        m_bulk.push_back(&task);
    }
}

void EventLoop::unqueue(BulkTask &task)
{
    if (task.m_isQueued) {
        task.m_isQueued = false;
        std::erase(m_bulk, &task);
        std::replace(m_bulkTurn.begin(), m_bulkTurn.end(), &task, static_cast<BulkTask *>(nullptr));
    }
}

void EventLoop::post(std::function<void()> call)
{
    {
        const std::lock_guard lock(m_postMutex);
        m_posted.push_back(std::move(call));
    }
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto written = ::write(m_wake.get(), &one, sizeof one); // full counter: it is awake already
}

void EventLoop::stop()
{
    post([this] { m_isStopping = true; });
}

void EventLoop::run()
{
    m_isStopping = false;
    while (!m_isStopping) {
        const int timeout = m_bulk.empty() ? millisecondsToNextTimer() : 0;
        const int count = ::epoll_wait(m_epoll.get(), m_batch, batchSize, timeout);
        m_now = Clock::now();
        if (count > 0) // -1 is EINTR: look again
            dispatchEvents(count);
        fireTimers();
        runBulkTasks();
    }
}

void EventLoop::dispatchEvents(int count)
{
    bool isWoken = false;
    m_batchCount = count;
    for (m_batchNext = 0; m_batchNext < m_batchCount;) {
        const epoll_event &event = m_batch[m_batchNext++];
        if (event.data.ptr != nullptr)
            static_cast<FdHandler *>(event.data.ptr)->onEvents(event.events);
        else
            isWoken = true; // the wake-up descriptor, or a handler that went meanwhile: one read too many is harmless
    }
    m_batchNext = m_batchCount = 0;
    if (isWoken)
        runPosted();
}

void EventLoop::runPosted()
{
    std::uint64_t count = 0;
    [[maybe_unused]] const auto read = ::read(m_wake.get(), &count, sizeof count);
    std::vector<std::function<void()>> calls;
    {
        const std::lock_guard lock(m_postMutex);
        calls.swap(m_posted);
    }
    for (const auto &call : calls)
        call();
}

void EventLoop::runBulkTasks()
{
    if (m_bulk.empty())
        return;
    if (m_calm <= calmTurns)
        ++m_calm;
    const std::size_t quantum = m_calm > calmTurns ? largeQuantum : smallQuantum;
    std::size_t left = quantum;
    m_bulkTurn.swap(m_bulk);
    std::size_t next = 0;
    for (; next < m_bulkTurn.size() && left > 0; ++next) {
        BulkTask *task = m_bulkTurn[next];
        if (task == nullptr) // unqueued meanwhile
            continue;
        task->m_isQueued = false;
        m_bulkTurn[next] = nullptr;
        const std::size_t moved = task->runBulk(quantum);
        left -= std::min(left, moved);
    }
    // Those that had no turn go first next time.
    m_bulkTurn.erase(m_bulkTurn.begin(), m_bulkTurn.begin() + static_cast<std::ptrdiff_t>(next));
    std::erase(m_bulkTurn, nullptr);
    m_bulk.insert(m_bulk.begin(), m_bulkTurn.begin(), m_bulkTurn.end());
    m_bulkTurn.clear();
}

int EventLoop::millisecondsToNextTimer() const
{
    if (m_timers.empty())
        return -1;
    const auto delay = std::chrono::ceil<std::chrono::milliseconds>(m_timers.front()->m_when - Clock::now());
    return static_cast<int>(std::clamp<std::int64_t>(delay.count(), 0, 3'600'000));
}

void EventLoop::fireTimers()
{
    while (!m_timers.empty() && m_timers.front()->m_when <= m_now) {
        Timer &timer = *m_timers.front();
        heapRemove(timer);
        timer.m_handler.onTimer(timer);
    }
}

void EventLoop::heapPlace(std::size_t index, Timer *timer)
{
    m_timers[index] = timer;
    timer->m_index = static_cast<std::uint32_t>(index);
}

void EventLoop::heapRemove(Timer &timer)
{
    const std::size_t index = timer.m_index;
    Timer *last = m_timers.back();
    m_timers.pop_back();
    timer.m_index = Timer::unarmed;
    if (last == &timer)
        return;
    heapPlace(index, last);
    heapSiftUp(index);
    heapSiftDown(last->m_index);
}

void EventLoop::heapSiftUp(std::size_t index)
{
    Timer *timer = m_timers[index];
    for (; index > 0; index = (index - 1) / 2) {
        Timer *parent = m_timers[(index - 1) / 2];
        if (parent->m_when <= timer->m_when)
            break;
        heapPlace(index, parent);
    }
    heapPlace(index, timer);
}

void EventLoop::heapSiftDown(std::size_t index)
{
    Timer *timer = m_timers[index];
    for (;;) {
        std::size_t child = 2 * index + 1;
        if (child >= m_timers.size())
            break;
        if (child + 1 < m_timers.size() && m_timers[child + 1]->m_when < m_timers[child]->m_when)
            ++child;
        if (timer->m_when <= m_timers[child]->m_when)
            break;
        heapPlace(index, m_timers[child]);
        index = child;
    }
    heapPlace(index, timer);
}

} // namespace sluice::net
