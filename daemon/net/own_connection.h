// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
//
// Which connections from this machine are the daemon's own: diverted back to it, they must not be forwarded again.
#pragma once

#include "helper/base/ip_address.h"

#include <cstdint>

namespace sluice::net {

/// Registers an outgoing connection, by both of its ends, as long as it lives. Thread: any.  Owner: the socket's.
/// The local end alone would not do: the kernel gives one port to connections with different destinations, so another
/// program of this machine may share it.
/// A connection that is diverted to another worker within the connect(2) call may be missed; the next turn finds it.
class OwnConnection
{
public:
    OwnConnection(const Endpoint &local, const Endpoint &peer);
    ~OwnConnection();
    OwnConnection(const OwnConnection &) = delete;
    OwnConnection &operator=(const OwnConnection &) = delete;

    /// Is the connection that `client` made to `destination` the daemon's own?
    [[nodiscard]] static bool isOne(const Endpoint &client, const Endpoint &destination);

private:
    std::uint64_t m_key; ///< a hash of both ends: there may be many thousand connections
};

} // namespace sluice::net
