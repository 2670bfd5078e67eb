// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/pump/pipe_pool.h"

#include <atomic>
#include <fcntl.h>
#include <unistd.h>

namespace sluice::pump {

namespace {

std::atomic<int> pipesInProcess{0};

void enlarge(Pipe &pipe)
{
    for (std::size_t wanted = PipePool::wantedCapacity; wanted >= PipePool::leastCapacity; wanted /= 4) {
        if (::fcntl(pipe.writeEnd.get(), F_SETPIPE_SZ, static_cast<int>(wanted)) >= 0)
            break;
    }
    const int size = ::fcntl(pipe.writeEnd.get(), F_GETPIPE_SZ);
    pipe.capacity = size > 0 ? static_cast<std::size_t>(size) : 0;
}

} // namespace

PipePool::~PipePool()
{
    pipesInProcess -= static_cast<int>(m_free.size());
}

std::unique_ptr<Pipe> PipePool::take()
{
    if (!m_free.empty()) {
        std::unique_ptr<Pipe> pipe = std::move(m_free.back());
        m_free.pop_back();
        return pipe;
    }
    if (pipesInProcess.fetch_add(1) >= maxPipes) {
        --pipesInProcess;
        return nullptr;
    }
    int ends[2];
    auto pipe = std::make_unique<Pipe>();
    if (::pipe2(ends, O_NONBLOCK | O_CLOEXEC) == 0) {
        pipe->readEnd = UniqueFd(ends[0]);
        pipe->writeEnd = UniqueFd(ends[1]);
        enlarge(*pipe);
    }
    if (pipe->capacity < leastCapacity) {
        --pipesInProcess;
        return nullptr;
    }
    return pipe;
}

void PipePool::giveBack(std::unique_ptr<Pipe> pipe, bool isEmpty)
{
    if (isEmpty)
        m_free.push_back(std::move(pipe));
    else
        --pipesInProcess;
}

} // namespace sluice::pump
