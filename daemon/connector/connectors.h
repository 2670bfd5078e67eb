// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
//
// The makers of the built-in connectors. Each reads and checks its own metadata.
#pragma once

#include "daemon/connector/connector.h"

namespace sluice::connector {

/// HTTP CONNECT (RFC 9110 9.3.6) with Basic authentication. Metadata: `header`.
[[nodiscard]] Result<ConnectorPtr> makeHttpConnector(const config::LayerConfig &layer);
/// SOCKS5 (RFC 1928, 1929), over TLS if the node wants it (GOST's methods 80 and 82). Metadata: `notls`.
[[nodiscard]] Result<ConnectorPtr> makeSocks5Connector(const config::LayerConfig &layer);
/// SOCKS4, and SOCKS4a for names unless `disable4a`.
[[nodiscard]] Result<ConnectorPtr> makeSocks4Connector(const config::LayerConfig &layer);
/// GOST's relay protocol.
[[nodiscard]] Result<ConnectorPtr> makeRelayConnector(const config::LayerConfig &layer);

} // namespace sluice::connector
