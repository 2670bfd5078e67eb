// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/net/original_destination.h"

#include <cerrno>
#include <netinet/in.h>

namespace sluice::net {

namespace {

constexpr int originalDst = 80; // SO_ORIGINAL_DST and IP6T_SO_ORIGINAL_DST

Result<Endpoint> endpointOf(int status, const sockaddr_storage &storage, const char *what)
{
    if (status != 0)
        return systemError(what, errno);
    if (const auto endpoint = Endpoint::fromSockaddr(storage))
        return *endpoint;
    return Error{ErrorCode::Unsupported, std::string(what) + ": not an IP socket", 0};
}

} // namespace

Result<Endpoint> localEndpoint(int fd)
{
    sockaddr_storage storage{};
    socklen_t length = sizeof storage;
    const int status = ::getsockname(fd, reinterpret_cast<sockaddr *>(&storage), &length);
    return endpointOf(status, storage, "cannot read a socket's own address");
}

Result<Endpoint> peerEndpoint(int fd)
{
    sockaddr_storage storage{};
    socklen_t length = sizeof storage;
    const int status = ::getpeername(fd, reinterpret_cast<sockaddr *>(&storage), &length);
    return endpointOf(status, storage, "cannot read a socket's peer address");
}

Result<Endpoint> redirectedDestination(int fd, Family family)
{
    sockaddr_storage storage{};
    socklen_t length = family == Family::IPv4 ? sizeof(sockaddr_in) : sizeof(sockaddr_in6);
    const int level = family == Family::IPv4 ? IPPROTO_IP : IPPROTO_IPV6;
    const int status = ::getsockopt(fd, level, originalDst, &storage, &length);
    return endpointOf(status, storage, "the connection was not redirected here");
}

} // namespace sluice::net
