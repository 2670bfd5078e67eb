// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
//
// The only place with socket(2): every socket of the daemon is made here, marked before it sends its first packet.
#pragma once

#include "helper/base/ip_address.h"
#include "helper/base/result.h"
#include "helper/base/unique_fd.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace sluice::net {

/// How an outgoing socket is to be made. An option that cannot be set fails the socket: unmarked traffic would be
/// intercepted again.
struct SocketOptions
{
    std::uint32_t mark = 0;  ///< SO_MARK, 0 for none (needs CAP_NET_RAW since Linux 5.17, CAP_NET_ADMIN before)
    std::string interface;   ///< SO_BINDTODEVICE, or a source address; empty for none
    friend bool operator==(const SocketOptions &, const SocketOptions &) = default;
};

/// How a listening socket is to be made.
struct ListenOptions
{
    bool isTransparent = false; ///< IP_TRANSPARENT: receives connections to foreign addresses (TPROXY)
    std::uint32_t mark = 0;     ///< inherited by accepted sockets, so that their answers are not intercepted
    friend bool operator==(const ListenOptions &, const ListenOptions &) = default;
};

/// A non-blocking TCP socket that has begun to connect. Keepalive (15 s, like Go) and TCP_NODELAY are on.
/// Errors: what could not be set or reached, with the address in words.
[[nodiscard]] Result<UniqueFd> connectTcp(const Endpoint &to, const SocketOptions &options);

/// A connected, non-blocking UDP socket.
[[nodiscard]] Result<UniqueFd> connectUdp(const Endpoint &to, const SocketOptions &options);

/// A non-blocking TCP listener with SO_REUSEPORT (one per worker). An IPv6 one takes IPv6 only.
/// Keepalive, TCP_NODELAY and the mark are set here because accepted sockets inherit them.
[[nodiscard]] Result<UniqueFd> listenTcp(const Endpoint &at, const ListenOptions &options);

/// Does another process (or a listener of ours) hold this TCP address? Error AddressInUse then.
[[nodiscard]] Result<void> probeTcpAddress(const Endpoint &at);

/// The addresses that a GOST listen address means: ":12345" and "[::]:12345" both families, "0.0.0.0:12345" only IPv4.
/// A host name or a missing port is an error. IPv6 is left out of ":12345" where the kernel has none.
[[nodiscard]] Result<std::vector<Endpoint>> listenEndpoints(const std::string &address);

/// Is this one of the machine's own addresses? Asked of the kernel's routing, so it is always current.
[[nodiscard]] bool isLocalAddress(const IpAddress &address);

/// Makes close(2) on this socket send RST (SO_LINGER 0).
void resetOnClose(int fd);

/// Raises RLIMIT_NOFILE to the hard limit and returns it.
std::size_t raiseDescriptorLimit();

} // namespace sluice::net
