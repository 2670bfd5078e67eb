// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
//
// Where did a diverted connection want to go?
#pragma once

#include "helper/base/ip_address.h"
#include "helper/base/result.h"

namespace sluice::net {

/// TPROXY: the accepted socket's own address is the original destination.
[[nodiscard]] Result<Endpoint> localEndpoint(int fd);

/// The other end of a connected socket.
[[nodiscard]] Result<Endpoint> peerEndpoint(int fd);

/// REDIRECT and DNAT: conntrack knows it (SO_ORIGINAL_DST, IP6T_SO_ORIGINAL_DST). Error NotFound when the connection
/// was not diverted. Source: linux/netfilter_ipv4.h, linux/netfilter_ipv6/ip6_tables.h.
[[nodiscard]] Result<Endpoint> redirectedDestination(int fd, Family family);

} // namespace sluice::net
