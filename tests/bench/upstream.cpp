// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
//
// A lean SOCKS5 and HTTP CONNECT server for literal IPv4 addresses: one thread, spliced, so that the proxy under test
// is the bottleneck and not its upstream. It believes what it is sent.
#include "tests/bench/traffic.h"

#include <array>
#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string>
#include <string_view>
#include <sys/epoll.h>
#include <sys/socket.h>

namespace sluice::bench {

namespace {

using namespace std::string_view_literals;

constexpr std::uint32_t allEdges = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
constexpr std::size_t pipeSize = 256 * 1024;

struct Pipe
{
    UniqueFd readEnd, writeEnd;
};

/// Pipes are costly to make and lent only while bytes are in them.
class Pipes
{
public:
    Pipe take()
    {
        if (m_free.empty())
            return make();
        Pipe pipe = std::move(m_free.back());
        m_free.pop_back();
        return pipe;
    }
    void giveBack(Pipe pipe) { m_free.push_back(std::move(pipe)); }

private:
    static Pipe make()
    {
        std::array<int, 2> ends{};
        if (::pipe2(ends.data(), O_NONBLOCK | O_CLOEXEC) != 0)
            die("cannot make a pipe");
        ::fcntl(ends[1], F_SETPIPE_SZ, static_cast<int>(pipeSize));
        return {UniqueFd(ends[0]), UniqueFd(ends[1])};
    }
    std::vector<Pipe> m_free;
};

/// A client's connection and the one made for it; deletes itself.
class Tunnel
{
public:
    Tunnel(Poller &poller, Pipes &pipes, UniqueFd client)
        : m_poller(poller)
        , m_pipes(pipes)
    {
        const int on = 1;
        ::setsockopt(client.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        m_ends[0].fd = std::move(client);
        for (End &end : m_ends)
            end.tunnel = this;
        m_poller.watch(m_ends[0].fd.get(), m_ends[0], allEdges);
    }

private:
    struct End final : Handler
    {
        Tunnel *tunnel = nullptr;
        UniqueFd fd;
        bool isReadable = true, isWritable = true;
        // What comes from this end.
        Pipe pipe;
        std::size_t inPipe = 0;
        bool hasEnded = false, isPassedOn = false;
        void onEvents(std::uint32_t events) override
        {
            isReadable |= (events & ~EPOLLOUT) != 0;
            isWritable |= (events & EPOLLOUT) != 0;
            tunnel->onEvents(*this, events);
        }
    };
    enum class State { Greeting, Request, Dialing, Relaying, Over };

    void onEvents(const End &end, std::uint32_t events)
    {
        if ((m_state == State::Greeting || m_state == State::Request) && (events & EPOLLIN) != 0)
            readRequest();
        else if (m_state == State::Dialing && &end == &m_ends[1])
            finishDial();
        if (m_state == State::Relaying) {
            relay(m_ends[0], m_ends[1]);
            relay(m_ends[1], m_ends[0]);
        }
        if (m_ends[0].isPassedOn && m_ends[1].isPassedOn)
            finish();
    }

    void readRequest()
    {
        std::array<char, 512> buffer{};
        ssize_t count = 0;
        while ((count = ::recv(m_ends[0].fd.get(), buffer.data(), buffer.size(), 0)) > 0)
            m_head.append(buffer.data(), static_cast<std::size_t>(count));
        if (count == 0)
            finish();
        else if (m_head.starts_with('C'))
            readConnect();
        else
            readSocks();
    }

    void readConnect()
    {
        if (!m_head.ends_with("\r\n\r\n"))
            return;
        m_granted = "HTTP/1.1 200 OK\r\n\r\n"sv;
        const auto from = m_head.find(' ') + 1;
        if (const auto target = Endpoint::parse(m_head.substr(from, m_head.find(' ', from) - from)))
            dial(*target);
        else
            finish();
    }

    void readSocks()
    {
        m_granted = "\5\0\0\1\0\0\0\0\0\0"sv;
        const auto byte = [this](std::size_t index) { return static_cast<std::uint8_t>(m_head[index]); };
        if (m_state == State::Greeting) {
            if (m_head.size() < 2 || m_head.size() < 2U + byte(1))
                return;
            m_head.erase(0, 2U + byte(1));
            say("\5\0"sv);
            m_state = State::Request;
        }
        if (m_head.size() < m_granted.size())
            return;
        const auto port = static_cast<std::uint16_t>(byte(8) << 8 | byte(9));
        dial({IpAddress::fromBytes4({byte(4), byte(5), byte(6), byte(7)}), port});
    }

    void dial(const Endpoint &target)
    {
        m_state = State::Dialing;
        m_ends[1].fd = connectTo(target.address, target.port, SOCK_NONBLOCK);
        if (m_ends[1].fd)
            m_poller.watch(m_ends[1].fd.get(), m_ends[1], allEdges);
        else
            finish();
    }

    void finishDial()
    {
        int error = 0;
        socklen_t length = sizeof error;
        ::getsockopt(m_ends[1].fd.get(), SOL_SOCKET, SO_ERROR, &error, &length);
        if (error != 0) {
            finish();
            return;
        }
        say(m_granted);
        m_state = State::Relaying;
    }

    void say(std::string_view text) { std::ignore = sendAll(m_ends[0].fd.get(), std::as_bytes(std::span(text))); }

    /// Until nothing more can be read or written: edges are not repeated.
    void relay(End &from, End &to)
    {
        while (m_state == State::Relaying && (fill(from) | drain(from, to))) {
        }
        if (from.inPipe == 0 && from.pipe.readEnd)
            m_pipes.giveBack(std::move(from.pipe));
        if (from.hasEnded && from.inPipe == 0 && !from.isPassedOn) {
            ::shutdown(to.fd.get(), SHUT_WR);
            from.isPassedOn = true;
        }
    }

    bool fill(End &from)
    {
        if (!from.isReadable || from.hasEnded || from.inPipe >= pipeSize)
            return false;
        if (!from.pipe.readEnd)
            from.pipe = m_pipes.take();
        const ssize_t count = splice(from.fd, from.pipe.writeEnd, pipeSize);
        if (count > 0)
            from.inPipe += static_cast<std::size_t>(count);
        else if (count == 0)
            from.hasEnded = true;
        else if (errno != EAGAIN)
            finish();
        else if (from.inPipe == 0) // otherwise the pipe may be full, and not the socket empty
            from.isReadable = false;
        return count > 0;
    }

    bool drain(End &from, End &to)
    {
        if (from.inPipe == 0 || !to.isWritable || m_state == State::Over)
            return false;
        const ssize_t count = splice(from.pipe.readEnd, to.fd, from.inPipe);
        if (count > 0)
            from.inPipe -= static_cast<std::size_t>(count);
        else if (errno == EAGAIN)
            to.isWritable = false;
        else
            finish();
        return count > 0;
    }

    static ssize_t splice(const UniqueFd &from, const UniqueFd &to, std::size_t count)
    {
        return ::splice(from.get(), nullptr, to.get(), nullptr, count, SPLICE_F_NONBLOCK | SPLICE_F_MOVE);
    }

    void finish()
    {
        if (m_state == State::Over)
            return;
        m_state = State::Over;
        for (End &end : m_ends)
            end.fd.reset();
        m_poller.retire(this);
    }

    Poller &m_poller;
    Pipes &m_pipes;
    std::array<End, 2> m_ends;
    State m_state = State::Greeting;
    std::string m_head;         ///< of the request
    std::string_view m_granted; ///< the answer when it is connected
};

class UpstreamAcceptor final : public Handler
{
public:
    UpstreamAcceptor(Poller &poller, std::uint16_t port)
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
            new Tunnel(m_poller, m_pipes, std::move(fd));
        }
    }

private:
    Poller &m_poller;
    UniqueFd m_listener;
    Pipes m_pipes;
};

} // namespace

void serveUpstream(std::uint16_t port)
{
    Poller poller;
    UpstreamAcceptor acceptor(poller, port);
    std::puts("serving");
    std::fflush(stdout);
    poller.run();
}

} // namespace sluice::bench
