// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
//
// Asking a proxy node for the target: what comes after its dialer has reached it.
#pragma once

#include "daemon/config/config.h"
#include "daemon/stream/handshake.h"
#include "helper/base/ip_address.h"
#include "helper/base/result.h"

#include <span>
#include <string>

namespace sluice::connector {

/// Where a connection is to end: a name or a literal address, and a port. Thread: any (plain value).
struct Target
{
    std::string host; ///< "example.com", "192.0.2.1", "2001:db8::1" (no brackets)
    std::uint16_t port = 0;

    [[nodiscard]] std::optional<IpAddress> literal() const { return IpAddress::parse(host); }
    [[nodiscard]] std::string toString() const { return joinHostPort(host, port); }
    friend bool operator==(const Target &, const Target &) = default;
};

/// What to ask for. `early` are the first bytes of the client that are already here (maybe none): a connector may send
/// them along with its request, in one packet, and then reports them through `earlySent`.
struct ConnectRequest
{
    Target target;
    std::span<const std::byte> early; ///< valid until start() returns
    bool *earlySent = nullptr;        ///< set to true when all of `early` went out with the request
};

/// One proxy protocol, configured for one node. Immutable, shared by all workers: connect() makes a new handshake each
/// time.  Errors of the handshake: AuthFailed, Refused, Unreachable, ProtocolError … with the node's words in plain text,
/// never with credentials.
class Connector
{
public:
    virtual ~Connector() = default;
    [[nodiscard]] virtual stream::HandshakePtr connect(stream::StreamPtr toNode, const ConnectRequest &request) const = 0;
};

using ConnectorPtr = std::unique_ptr<const Connector>;

/// Makes the connector that `layer.type` names; see builtin_connectors.cpp. Error when there is none of that name or its
/// metadata cannot be used.
[[nodiscard]] Result<ConnectorPtr> makeConnector(const config::LayerConfig &layer);

} // namespace sluice::connector
