// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
//
// The server ends: echo, sink and source in one thread, `verify` in a thread per connection.
#include "tests/bench/traffic.h"

#include <array>
#include <cerrno>
#include <cstdio>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <thread>

namespace sluice::bench {

namespace {

/// One connection of the polled servers; deletes itself.
class Connection : public Handler
{
public:
    Connection(Poller &poller, UniqueFd fd)
        : m_poller(poller)
        , m_fd(std::move(fd))
    {
    }

protected:
    [[nodiscard]] int fd() const { return m_fd.get(); }
    void end()
    {
        m_fd.reset();
        m_poller.retire(this);
    }
    /// For the result of a call that moves bytes: is the connection over?
    [[nodiscard]] static bool isOver(ssize_t result) { return result == 0 || (result < 0 && errno != EAGAIN); }

private:
    Poller &m_poller;
    UniqueFd m_fd;
};

class Echo final : public Connection
{
public:
    static constexpr std::uint32_t events = EPOLLIN;
    using Connection::Connection;
    void onEvents(std::uint32_t) override
    {
        std::array<std::byte, 16 * 1024> buffer;
        const ssize_t count = ::recv(fd(), buffer.data(), buffer.size(), 0);
        if (isOver(count) || (count > 0 && !sendAll(fd(), std::span(buffer).first(static_cast<std::size_t>(count)))))
            end();
    }
};

class Sink final : public Connection
{
public:
    static constexpr std::uint32_t events = EPOLLIN;
    using Connection::Connection;
    void onEvents(std::uint32_t) override
    {
        for (int turn = 0; turn < 16; ++turn) {
            const ssize_t count = discard(fd());
            if (count > 0) {
                m_received += static_cast<std::uint64_t>(count);
                continue;
            }
            if (count == 0)
                std::ignore = sendAll(fd(), std::as_bytes(std::span(&m_received, 1)));
            if (isOver(count))
                end();
            return;
        }
    }

private:
    std::uint64_t m_received = 0;
};

class Source final : public Connection
{
public:
    static constexpr std::uint32_t events = EPOLLOUT | EPOLLRDHUP;
    using Connection::Connection;
    void onEvents(std::uint32_t what) override
    {
        static const UniqueFd bytes = memoryFile();
        off_t offset = 0;
        if ((what & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0 ||
            isOver(::sendfile(fd(), bytes.get(), &offset, sourceSize)))
            end();
    }
};

template <typename Server>
class Acceptor final : public Handler
{
public:
    Acceptor(Poller &poller, std::uint16_t port)
        : m_poller(poller)
        , m_listener(listenOn(port))
    {
        poller.watch(m_listener.get(), *this, EPOLLIN);
    }
    void onEvents(std::uint32_t) override
    {
        for (int turn = 0; turn < 64; ++turn) {
            UniqueFd fd(::accept4(m_listener.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
            if (!fd)
                return;
            const int number = fd.get();
            m_poller.watch(number, *new Server(m_poller, std::move(fd)), Server::events);
        }
    }

private:
    Poller &m_poller;
    UniqueFd m_listener;
};

[[noreturn]] void acceptVerify()
{
    const UniqueFd listener = listenOn(verifyPort);
    for (;;) {
        pollfd ready{listener.get(), POLLIN, 0};
        ::poll(&ready, 1, -1);
        UniqueFd connection(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
        if (connection)
            std::thread(answerVerify, std::move(connection)).detach();
    }
}

} // namespace

void serve()
{
    Poller poller;
    Acceptor<Echo> echo(poller, echoPort);
    Acceptor<Sink> sink(poller, sinkPort);
    Acceptor<Source> source(poller, sourcePort);
    std::thread(acceptVerify).detach();
    std::puts("serving");
    std::fflush(stdout);
    poller.run();
}

} // namespace sluice::bench
