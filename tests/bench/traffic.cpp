// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
//
// Sockets and the event loop of the load tests.
#include "tests/bench/traffic.h"

#include <arpa/inet.h>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>

namespace sluice::bench {

void die(const char *what)
{
    std::perror(what);
    std::exit(1);
}

double secondsNow()
{
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

void makeNonBlocking(int fd)
{
    ::fcntl(fd, F_SETFL, O_NONBLOCK);
}

void makeBlocking(int fd, int timeoutSeconds)
{
    ::fcntl(fd, F_SETFL, 0);
    const timeval timeout{timeoutSeconds, 0};
    ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
    ::setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof timeout);
}

UniqueFd listenOn(std::uint16_t port)
{
    UniqueFd listener(::socket(AF_INET6, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    const int on = 1, off = 0;
    ::setsockopt(listener.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    ::setsockopt(listener.get(), IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
    sockaddr_in6 address{};
    address.sin6_family = AF_INET6;
    address.sin6_port = htons(port);
    if (::bind(listener.get(), reinterpret_cast<sockaddr *>(&address), sizeof address) != 0 ||
        ::listen(listener.get(), 4096) != 0)
        die("cannot listen");
    return listener;
}

UniqueFd connectTo(const IpAddress &address, std::uint16_t port, int flags)
{
    UniqueFd connection(::socket(address.isIpv4() ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_CLOEXEC | flags, 0));
    const int on = 1;
    ::setsockopt(connection.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    sockaddr_storage storage{};
    const socklen_t length = Endpoint{address, port}.toSockaddr(storage);
    if (::connect(connection.get(), reinterpret_cast<sockaddr *>(&storage), length) != 0 && errno != EINPROGRESS)
        return {};
    return connection;
}

IpAddress neighbour(const IpAddress &address, std::uint32_t number)
{
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < 4; ++i)
        value = value << 8 | address.bytes()[i];
    return IpAddress::fromIpv4(value + number);
}

UniqueFd memoryFile()
{
    UniqueFd file(::memfd_create("bench-load", MFD_CLOEXEC));
    const std::vector<std::byte> bytes(sourceSize, std::byte{'x'});
    if (::write(file.get(), bytes.data(), bytes.size()) != static_cast<ssize_t>(bytes.size()))
        die("cannot fill a file in memory");
    return file;
}

ssize_t discard(int fd)
{
    // With MSG_TRUNC, TCP never touches the buffer, whatever its size.
    static std::byte untouched[sourceSize];
    return ::recv(fd, untouched, sizeof untouched, MSG_TRUNC);
}

bool sendAll(int fd, std::span<const std::byte> data)
{
    while (!data.empty()) {
        const ssize_t count = ::send(fd, data.data(), data.size(), MSG_NOSIGNAL);
        if (count <= 0)
            return false;
        data = data.subspan(static_cast<std::size_t>(count));
    }
    return true;
}

bool receiveAll(int fd, std::span<std::byte> data)
{
    return ::recv(fd, data.data(), data.size(), MSG_WAITALL) == static_cast<ssize_t>(data.size());
}

Poller::Poller()
    : m_epoll(::epoll_create1(EPOLL_CLOEXEC))
{
}

void Poller::watch(int fd, Handler &handler, std::uint32_t events)
{
    epoll_event event{events, {.ptr = &handler}};
    if (::epoll_ctl(m_epoll.get(), EPOLL_CTL_ADD, fd, &event) != 0)
        die("cannot watch a descriptor");
}

void Poller::run()
{
    std::array<epoll_event, 256> events;
    for (;;) {
        const int count = ::epoll_wait(m_epoll.get(), events.data(), static_cast<int>(events.size()), -1);
        for (int i = 0; i < count; ++i) {
            const epoll_event &event = events[static_cast<std::size_t>(i)];
            static_cast<Handler *>(event.data.ptr)->onEvents(event.events);
        }
        m_retired.clear();
    }
}

} // namespace sluice::bench
