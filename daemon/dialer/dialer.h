// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
//
// Reaching a proxy node: turning a fresh byte stream to it into the transport that it speaks.
#pragma once

#include "daemon/config/config.h"
#include "daemon/stream/handshake.h"
#include "helper/base/result.h"

#include <string>

namespace sluice::dialer {

/// One transport, configured for one node. The stream below is a TCP connection to the node, or a tunnel to it through
/// the hops before. Immutable, shared by all workers.
class Dialer
{
public:
    virtual ~Dialer() = default;
    [[nodiscard]] virtual stream::HandshakePtr dial(stream::StreamPtr below) const = 0;
    /// True when dial() would only hand `below` back (plain TCP): the caller may skip it.
    [[nodiscard]] virtual bool isTransparent() const { return false; }
};

using DialerPtr = std::unique_ptr<const Dialer>;

/// Makes the dialer that `layer.type` names; see builtin_dialers.cpp. `nodeHost` is the default TLS server name.
[[nodiscard]] Result<DialerPtr> makeDialer(const config::LayerConfig &layer, const std::string &nodeHost);

} // namespace sluice::dialer
