// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
//
// Which connections from this machine are the daemon's own: diverted back to it, they must not be forwarded again.
#pragma once

#include "helper/base/ip_address.h"

#include <set>

namespace sluice::net {

/// Registers the local endpoint of an outgoing connection as long as it lives. Thread: any.  Owner: the socket's.
/// A connection that is diverted to another worker within the connect(2) call may be missed; the next turn finds it.
class OwnConnection
{
public:
    explicit OwnConnection(const Endpoint &local);
    ~OwnConnection();
    OwnConnection(const OwnConnection &) = delete;
    OwnConnection &operator=(const OwnConnection &) = delete;

    /// Is the client at `client` the daemon itself?
    [[nodiscard]] static bool isOne(const Endpoint &client);

private:
    std::multiset<Endpoint>::iterator m_place; ///< connections to different targets may share an endpoint
};

} // namespace sluice::net
