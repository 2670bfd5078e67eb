// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
//
// A real event loop that a test runs until something has happened, and plain peers on real sockets.
#pragma once

#include "daemon/net/event_loop.h"
#include "daemon/net/socket_factory.h"
#include "daemon/stream/fd_stream.h"

#include <algorithm>
#include <cerrno>
#include <functional>
#include <string>
#include <sys/socket.h>
#include <utility>

namespace sluice::test {

/// An event loop of a test. Not started between two calls of runUntil().
class LoopFixture final : private net::TimerHandler
{
public:
    LoopFixture()
        : m_loop(*net::EventLoop::create())
        , m_tick(*m_loop, *this)
    {
    }

    [[nodiscard]] net::EventLoop &loop() { return *m_loop; }

    /// Runs the loop until `isDone` holds. False when it does not within the deadline.
    [[nodiscard]] bool runUntil(std::function<bool()> isDone,
                                std::chrono::milliseconds deadline = std::chrono::seconds(20))
    {
        m_isDone = std::move(isDone);
        m_deadline = net::Clock::now() + deadline;
        if (m_isDone())
            return true;
        m_tick.armIn(std::chrono::milliseconds(1));
        m_loop->run();
        return m_isDone();
    }

    /// Lets everything that is under way happen.
    void settle()
    {
        int rounds = 0;
        (void)runUntil([&] { return ++rounds > 10; });
    }

private:
    void onTimer(net::Timer &) override
    {
        if (m_isDone() || net::Clock::now() >= m_deadline)
            m_loop->stop();
        else
            m_tick.armIn(std::chrono::milliseconds(1));
    }

    std::unique_ptr<net::EventLoop> m_loop;
    net::Timer m_tick;
    std::function<bool()> m_isDone;
    net::TimePoint m_deadline;
};

/// Two connected, non-blocking sockets.
[[nodiscard]] inline std::pair<UniqueFd, UniqueFd> socketPair()
{
    int fds[2] = {-1, -1};
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds) != 0)
        std::abort();
    return {UniqueFd(fds[0]), UniqueFd(fds[1])};
}

/// The bare other end of a connection: collects what it gets in `received`, and sends what it is told, at once or one
/// byte per turn of the loop.
class Peer final : private net::FdHandler
{
public:
    Peer(net::EventLoop &loop, UniqueFd fd)
        : m_loop(loop)
        , m_fd(std::move(fd))
    {
        if (!m_loop.watch(m_fd.get(), *this))
            std::abort();
    }
    ~Peer() { m_loop.forget(m_fd.get(), *this); }

    std::string received;
    bool sawEnd = false; ///< the other side finished or closed
    bool wasReset = false;
    std::size_t bytesPerTurn = 0; ///< 0: as much as goes

    void send(std::string_view bytes)
    {
        m_toSend += bytes;
        push();
    }
    void finish()
    {
        m_finishes = true;
        push();
    }
    void close()
    {
        m_loop.forget(m_fd.get(), *this);
        m_fd.reset();
    }
    /// Closes with RST.
    void reset()
    {
        net::resetOnClose(m_fd.get());
        close();
    }
    /// Reads nothing until resume(): a slow reader.
    void pause() { m_isPaused = true; }
    void resume()
    {
        m_isPaused = false;
        onEvents(0);
    }
    [[nodiscard]] bool hasSentAll() const { return m_toSend.empty(); }

    /// Called with everything received so far whenever more came.
    std::function<void(Peer &)> onReceived;

private:
    void onEvents(std::uint32_t) override
    {
        char buffer[16384];
        bool isNew = false;
        while (m_fd && !m_isPaused) {
            const ssize_t count = ::recv(m_fd.get(), buffer, sizeof buffer, 0);
            if (count > 0) {
                received.append(buffer, static_cast<std::size_t>(count));
                isNew = true;
                continue;
            }
            if (count == 0)
                sawEnd = true;
            else if (errno != EAGAIN)
                sawEnd = wasReset = true;
            break;
        }
        if (!m_isPosted)
            push();
        if (isNew && onReceived)
            onReceived(*this);
    }

    void push()
    {
        if (!m_fd)
            return;
        while (!m_toSend.empty()) {
            const std::size_t left = m_toSend.size() - m_sent;
            const std::size_t part = bytesPerTurn == 0 ? left : std::min(bytesPerTurn, left);
            const ssize_t count = ::send(m_fd.get(), m_toSend.data() + m_sent, part, MSG_NOSIGNAL);
            if (count < 0 && errno == EAGAIN)
                break;
            m_sent += count < 0 ? left : static_cast<std::size_t>(count); // on an error the rest is lost
            if (m_sent == m_toSend.size()) {
                m_toSend.clear();
                m_sent = 0;
            }
            if (bytesPerTurn != 0 && !m_toSend.empty()) {
                // A byte that is still unread would be merged with the next: the reader's turn comes first.
                if (!m_isPosted)
                    m_loop.post([this, alive = std::weak_ptr(m_alive)] {
                        if (alive.expired())
                            return;
                        m_isPosted = false;
                        push();
                    });
                m_isPosted = true;
                return;
            }
        }
        if (m_toSend.empty() && m_finishes)
            ::shutdown(m_fd.get(), SHUT_WR);
    }

    net::EventLoop &m_loop;
    UniqueFd m_fd;
    std::string m_toSend;
    std::size_t m_sent = 0; ///< of m_toSend
    bool m_finishes = false;
    bool m_isPosted = false;
    bool m_isPaused = false;
    std::shared_ptr<int> m_alive = std::make_shared<int>(0); ///< for calls that are posted when the peer goes
};

/// A stream of ours and the bare peer at its other end.
struct Connection
{
    explicit Connection(LoopFixture &fixture)
    {
        auto [ours, theirs] = socketPair();
        stream = *stream::FdStream::create(fixture.loop(), std::move(ours));
        peer = std::make_unique<Peer>(fixture.loop(), std::move(theirs));
    }

    stream::StreamPtr stream; ///< moved into what is tested
    std::unique_ptr<Peer> peer;
};

/// Everything that `stream` gives now.
struct Drained
{
    std::string bytes;
    stream::IoResult::Kind last = stream::IoResult::WouldBlock;
};
[[nodiscard]] inline Drained drain(stream::Stream &stream)
{
    Drained result;
    std::byte buffer[16384];
    for (;;) {
        const auto got = stream.read(buffer);
        if (got.kind != stream::IoResult::Data) {
            result.last = got.kind;
            return result;
        }
        result.bytes += stream::textOf(std::span(buffer).first(got.bytes));
    }
}

} // namespace sluice::test
