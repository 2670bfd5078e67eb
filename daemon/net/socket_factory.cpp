// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/net/socket_factory.h"

#include <cerrno>
#include <cstring>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/socket.h>

#ifndef IPV6_TRANSPARENT
#define IPV6_TRANSPARENT 75 // linux/in6.h, which clashes with netinet/in.h
#endif

namespace sluice::net {

namespace {

constexpr int listenBacklog = 4096; // clipped to net.core.somaxconn
constexpr int keepaliveSeconds = 15;
constexpr int keepaliveProbes = 9;

bool setOption(int fd, int level, int name, int value)
{
    return ::setsockopt(fd, level, name, &value, sizeof value) == 0;
}

void setTcpDefaults(int fd)
{
    // Best effort: a socket without them works too.
    setOption(fd, IPPROTO_TCP, TCP_NODELAY, 1);
    setOption(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
    setOption(fd, IPPROTO_TCP, TCP_KEEPIDLE, keepaliveSeconds);
    setOption(fd, IPPROTO_TCP, TCP_KEEPINTVL, keepaliveSeconds);
    setOption(fd, IPPROTO_TCP, TCP_KEEPCNT, keepaliveProbes);
}

Result<UniqueFd> makeSocket(Family family, int type)
{
    UniqueFd fd(::socket(family == Family::IPv4 ? AF_INET : AF_INET6, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!fd)
        return systemError("cannot make a socket", errno);
    return fd;
}

Result<void> setMark(int fd, std::uint32_t mark)
{
    if (mark == 0 || ::setsockopt(fd, SOL_SOCKET, SO_MARK, &mark, sizeof mark) == 0)
        return {};
    return systemError("cannot set mark " + std::to_string(mark) + " (CAP_NET_RAW is needed)", errno);
}

/// `interface` is a device name or a source address, as in GOST.
Result<void> bindTo(int fd, const std::string &interface, Family family)
{
    if (interface.empty())
        return {};
    if (const auto address = IpAddress::parse(interface)) {
        if (address->family() != family)
            return Error{ErrorCode::Unreachable, "the source address " + interface + " is of the other IP version", 0};
        sockaddr_storage storage;
        const socklen_t length = Endpoint{*address, 0}.toSockaddr(storage);
        setOption(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1);
        if (::bind(fd, reinterpret_cast<sockaddr *>(&storage), length) != 0)
            return systemError("cannot send from " + interface, errno);
        return {};
    }
    if (::setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, interface.c_str(), static_cast<socklen_t>(interface.size() + 1)) != 0)
        return systemError("cannot use interface " + interface, errno);
    return {};
}

Result<UniqueFd> connectSocket(int type, const Endpoint &to, const SocketOptions &options)
{
    auto fd = makeSocket(to.address.family(), type);
    if (!fd)
        return fd;
    if (auto marked = setMark(fd->get(), options.mark); !marked)
        return std::move(marked).error();
    if (auto bound = bindTo(fd->get(), options.interface, to.address.family()); !bound)
        return std::move(bound).error();
    if (type == SOCK_STREAM)
        setTcpDefaults(fd->get());
    sockaddr_storage storage;
    const socklen_t length = to.toSockaddr(storage);
    if (::connect(fd->get(), reinterpret_cast<sockaddr *>(&storage), length) != 0 && errno != EINPROGRESS)
        return systemError("cannot connect to " + to.toString(), errno);
    return fd;
}

} // namespace

Result<UniqueFd> connectTcp(const Endpoint &to, const SocketOptions &options)
{
    return connectSocket(SOCK_STREAM, to, options);
}

Result<UniqueFd> connectUdp(const Endpoint &to, const SocketOptions &options)
{
    return connectSocket(SOCK_DGRAM, to, options);
}

Result<UniqueFd> listenTcp(const Endpoint &at, const ListenOptions &options)
{
    auto made = makeSocket(at.address.family(), SOCK_STREAM);
    if (!made)
        return std::move(made).in("cannot listen on " + at.toString());
    const int fd = made->get();
    setOption(fd, SOL_SOCKET, SO_REUSEADDR, 1);
    setOption(fd, SOL_SOCKET, SO_REUSEPORT, 1);
    if (at.address.isIpv6())
        setOption(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
    if (options.isTransparent) {
        const bool isSet = at.address.isIpv4() ? setOption(fd, IPPROTO_IP, IP_TRANSPARENT, 1)
                                               : setOption(fd, IPPROTO_IPV6, IPV6_TRANSPARENT, 1);
        if (!isSet)
            return systemError("cannot listen on " + at.toString() + " transparently (CAP_NET_RAW is needed)", errno);
    }
    if (auto marked = setMark(fd, options.mark); !marked)
        return std::move(marked).error().in("cannot listen on " + at.toString());
    setTcpDefaults(fd);
    sockaddr_storage storage;
    const socklen_t length = at.toSockaddr(storage);
    if (::bind(fd, reinterpret_cast<sockaddr *>(&storage), length) != 0 || ::listen(fd, listenBacklog) != 0)
        return systemError("cannot listen on " + at.toString(), errno);
    return made;
}

Result<void> probeTcpAddress(const Endpoint &at)
{
    auto made = makeSocket(at.address.family(), SOCK_STREAM);
    if (!made)
        return std::move(made).error();
    setOption(made->get(), SOL_SOCKET, SO_REUSEADDR, 1); // connections in TIME_WAIT are no hindrance
    if (at.address.isIpv6())
        setOption(made->get(), IPPROTO_IPV6, IPV6_V6ONLY, 1);
    sockaddr_storage storage;
    const socklen_t length = at.toSockaddr(storage);
    if (::bind(made->get(), reinterpret_cast<sockaddr *>(&storage), length) == 0 && ::listen(made->get(), 1) == 0)
        return {};
    Error error = systemError("cannot listen on " + at.toString(), errno);
    if (error.code == ErrorCode::AddressInUse)
        error.message += " (is another sluiced running?)";
    return error;
}

Result<std::vector<Endpoint>> listenEndpoints(const std::string &address)
{
    const HostPort parts = HostPort::split(address);
    const auto port = parts.portNumber();
    if (!port)
        return Error{ErrorCode::InvalidArgument, "'" + address + "' is no listen address; write host:port or :port", 0};
    if (parts.host.empty() || parts.host == "::") {
        std::vector<Endpoint> both{{IpAddress::any(Family::IPv4), *port}};
        if (auto probe = makeSocket(Family::IPv6, SOCK_STREAM))
            both.push_back({IpAddress::any(Family::IPv6), *port});
        return both;
    }
    if (parts.host == "localhost")
        return std::vector<Endpoint>{{IpAddress::loopback(Family::IPv4), *port}};
    const auto literal = IpAddress::parse(parts.host);
    if (!literal)
        return Error{ErrorCode::InvalidArgument, "'" + parts.host + "' is no address to listen on; write an IP address or only :port", 0};
    return std::vector<Endpoint>{{*literal, *port}};
}

bool isLocalAddress(const IpAddress &address)
{
    if (address.isUnspecified() || address.isLoopback())
        return true;
    auto fd = makeSocket(address.family(), SOCK_DGRAM);
    if (!fd)
        return false;
    // The way to an own address starts at that address. (bind(2) would tell too, but for net.ipv4.ip_nonlocal_bind.)
    sockaddr_storage storage;
    constexpr std::uint16_t discardPort = 9; // nothing is sent
    socklen_t length = Endpoint{address, discardPort}.toSockaddr(storage);
    if (::connect(fd->get(), reinterpret_cast<sockaddr *>(&storage), length) != 0)
        return false;
    length = sizeof storage;
    if (::getsockname(fd->get(), reinterpret_cast<sockaddr *>(&storage), &length) != 0)
        return false;
    const auto source = Endpoint::fromSockaddr(storage);
    return source && source->address == address;
}

void resetOnClose(int fd)
{
    const linger now{1, 0};
    ::setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
}

std::size_t raiseDescriptorLimit()
{
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit); // refused by a seccomp filter: the unit's LimitNOFILE= holds then
    ::getrlimit(RLIMIT_NOFILE, &limit);
    return limit.rlim_cur;
}

} // namespace sluice::net
