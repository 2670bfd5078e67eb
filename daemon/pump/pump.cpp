// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/pump/pump.h"

#include "daemon/stream/fd_stream.h"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>

namespace sluice::pump {

using stream::FdStream;
using stream::IoResult;
using stream::Stream;

Pump::~Pump()
{
    m_context.loop.unqueue(*this);
    for (Direction &direction : m_directions)
        returnPipe(direction);
}

void Pump::start(stream::StreamPtr client, stream::StreamPtr upstream)
{
    m_streams = {std::move(client), std::move(upstream)};
    for (const auto &stream : m_streams)
        stream->setWatcher(this);
    m_lastActivity = m_context.loop.now();
    for (std::size_t from : {0U, 1U})
        move(from, net::EventLoop::smallQuantum);
    settle();
}

void Pump::addBytesFrom(Side side, std::uint64_t count)
{
    m_directions[static_cast<std::size_t>(side)].bytes.fetch_add(count, std::memory_order_relaxed);
}

void Pump::abort()
{
    for (const auto &stream : m_streams) {
        if (stream != nullptr)
            stream->abortOnClose();
    }
}

void Pump::onStreamReady(Stream &stream)
{
    m_lastActivity = m_context.loop.now();
    if (isBulk()) { // waits its turn
        m_context.loop.queue(*this);
        return;
    }
    m_context.loop.stir();
    const std::size_t from = &stream == m_streams[0].get() ? 0 : 1;
    move(from, net::EventLoop::smallQuantum);
    if (!m_isOver)
        move(1 - from, net::EventLoop::smallQuantum);
    settle();
}

std::size_t Pump::runBulk(std::size_t budget)
{
    m_lastActivity = m_context.loop.now();
    std::size_t moved = move(0, budget);
    if (!m_isOver)
        moved += move(1, budget);
    settle();
    return moved;
}

/// Moves what is there from one side to the other, about `budget` bytes at most; queues itself when more may be there.
std::size_t Pump::move(std::size_t from, std::size_t budget)
{
    Direction &direction = m_directions[from];
    std::size_t moved = 0;
    while (!m_isOver && !direction.hasEnded && flushSpill(from)) {
        if (moved >= budget) {
            m_context.loop.queue(*this);
            break;
        }
        FdStream *const in = m_streams[from]->plainSocket();
        const bool canSplice = direction.isBulk && in != nullptr && m_streams[1 - from]->plainSocket() != nullptr;
        if (canSplice && direction.pipe == nullptr)
            direction.pipe = m_context.pipes.take();
        else if (!canSplice && direction.inPipe == 0)
            returnPipe(direction);
        if (direction.pipe != nullptr) {
            if (!spliceOnce(from, budget, moved))
                break;
        } else {
            if (direction.sawEnd || (in != nullptr && !in->isReadable()))
                break;
            if (!copyOnce(from, moved))
                break;
        }
    }
    if (direction.inPipe == 0)
        returnPipe(direction);
    passEndOn(from);
    return moved;
}

bool Pump::copyOnce(std::size_t from, std::size_t &moved)
{
    Direction &direction = m_directions[from];
    const IoResult got = m_streams[from]->read(m_context.buffer);
    switch (got.kind) {
    case IoResult::WouldBlock: return false;
    case IoResult::End: direction.sawEnd = true; return false;
    case IoResult::Failed: sourceFailed(from); return false;
    case IoResult::Data: break;
    }
    moved += got.bytes;
    noteRead(direction, got.bytes);
    std::span<const std::byte> rest(m_context.buffer.data(), got.bytes);
    while (!rest.empty()) {
        const IoResult sent = m_streams[1 - from]->write(rest);
        if (sent.kind == IoResult::Data) {
            rest = rest.subspan(sent.bytes);
            continue;
        }
        if (sent.kind != IoResult::WouldBlock) {
            sinkFailed(from);
            return false;
        }
        direction.spill = std::make_unique<std::vector<std::byte>>(rest.begin(), rest.end());
        return false;
    }
    return true;
}

bool Pump::spliceOnce(std::size_t from, std::size_t budget, std::size_t &moved)
{
    Direction &direction = m_directions[from];
    Pipe &pipe = *direction.pipe;
    FdStream *const in = m_streams[from]->plainSocket();
    FdStream *const out = m_streams[1 - from]->plainSocket();
    bool hasProgress = false;
    if (in->isReadable() && !direction.sawEnd && direction.inPipe < pipe.capacity) {
        const std::size_t room = std::min(pipe.capacity - direction.inPipe, std::max<std::size_t>(budget, 4096));
        const ssize_t count =
            ::splice(in->fd(), nullptr, pipe.writeEnd.get(), nullptr, room, SPLICE_F_NONBLOCK | SPLICE_F_MOVE);
        if (count > 0) {
            direction.inPipe += static_cast<std::uint32_t>(count);
            noteRead(direction, static_cast<std::size_t>(count));
            hasProgress = true;
        } else if (count == 0) {
            direction.sawEnd = true;
        } else if (errno == EAGAIN) {
            if (direction.inPipe == 0) // otherwise the pipe may be full, not the socket empty
                in->noteReadBlocked();
        } else if (errno != EINTR) {
            in->noteFailure(errno);
            sourceFailed(from);
            return false;
        }
    }
    if (direction.inPipe > 0 && out->isWritable()) {
        const ssize_t count = ::splice(pipe.readEnd.get(), nullptr, out->fd(), nullptr, direction.inPipe,
                                       SPLICE_F_NONBLOCK | SPLICE_F_MOVE);
        if (count > 0) {
            direction.inPipe -= static_cast<std::uint32_t>(count);
            moved += static_cast<std::size_t>(count);
            hasProgress = true;
        } else if (count < 0 && errno == EAGAIN) {
            out->noteWriteBlocked();
            return false;
        } else if (count < 0 && errno != EINTR) {
            out->noteFailure(errno);
            sinkFailed(from);
            return false;
        }
    }
    return hasProgress;
}

bool Pump::flushSpill(std::size_t from)
{
    Direction &direction = m_directions[from];
    while (direction.spill != nullptr) {
        std::vector<std::byte> &spill = *direction.spill;
        const IoResult sent = m_streams[1 - from]->write(spill);
        if (sent.kind == IoResult::WouldBlock)
            return false;
        if (sent.kind != IoResult::Data) {
            sinkFailed(from);
            return false;
        }
        spill.erase(spill.begin(), spill.begin() + static_cast<std::ptrdiff_t>(sent.bytes));
        if (spill.empty())
            direction.spill.reset();
    }
    return true;
}

void Pump::noteRead(Direction &direction, std::size_t count)
{
    direction.bytes.store(direction.bytes.load(std::memory_order_relaxed) + count, std::memory_order_relaxed);
    // Two large reads make it bulk; then four small ones in a row make it small again.
    constexpr std::uint8_t staying = 4;
    if (direction.isBulk) {
        if (count >= bulkRead / 2)
            direction.bulkScore = staying;
        else if (--direction.bulkScore == 0)
            direction.isBulk = false;
    } else if (count < bulkRead) {
        direction.bulkScore = 0;
    } else if (++direction.bulkScore >= bulkReadsToSplice) {
        direction.isBulk = true;
        direction.bulkScore = staying;
    }
}

void Pump::passEndOn(std::size_t from)
{
    Direction &direction = m_directions[from];
    if (m_isOver || !direction.sawEnd || direction.hasEnded || direction.inPipe > 0 || direction.spill != nullptr)
        return;
    direction.hasEnded = true;
    m_isOver = m_directions[1 - from].hasEnded;
    // Closing says it all on a plain socket; TLS has a word for it.
    if (!m_isOver || m_streams[1 - from]->plainSocket() == nullptr)
        m_streams[1 - from]->shutdownWrite();
}

/// The sink takes no more. It may still have bytes for the other side, and an error behind them: reading on finds both.
void Pump::sinkFailed(std::size_t from)
{
    Direction &direction = m_directions[from];
    fail(1 - from);
    direction.spill.reset();
    if (direction.pipe != nullptr)
        m_context.pipes.giveBack(std::move(direction.pipe), direction.inPipe == 0);
    direction.inPipe = 0;
    direction.sawEnd = direction.hasEnded = true;
    if (m_directions[1 - from].hasEnded)
        m_isOver = true;
    else
        m_context.loop.queue(*this);
}

void Pump::sourceFailed(std::size_t from)
{
    fail(from);
    m_isOver = true;
}

void Pump::fail(std::size_t side)
{
    if (m_error != nullptr)
        return;
    m_error = std::make_unique<Error>(m_streams[side]->error());
    m_failedSide = static_cast<Side>(side);
}

void Pump::returnPipe(Direction &direction)
{
    if (direction.pipe != nullptr)
        m_context.pipes.giveBack(std::move(direction.pipe), direction.inPipe == 0);
}

void Pump::settle()
{
    if (!m_isOver)
        return;
    if (m_error != nullptr)
        abort();
    m_owner.onPumpEnd(m_failedSide, m_error.get());
}

} // namespace sluice::pump
