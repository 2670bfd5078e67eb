// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
//
// The makers of the built-in handlers. Each reads and checks its own metadata.
#pragma once

#include "daemon/handler/handler.h"

namespace sluice::handler {

/// For diverted connections: the kernel knows the request.
[[nodiscard]] Result<HandlerPtr> makeRedirectHandler(const config::HandlerConfig &config, Credentials credentials);
/// HTTP proxy: CONNECT, and requests in absolute form (one a connection). Metadata: `proxyAgent`, `authBasicRealm`.
[[nodiscard]] Result<HandlerPtr> makeHttpHandler(const config::HandlerConfig &config, Credentials credentials);
/// SOCKS5 (RFC 1928, 1929): CONNECT.
[[nodiscard]] Result<HandlerPtr> makeSocks5Handler(const config::HandlerConfig &config, Credentials credentials);
/// SOCKS4 and SOCKS4a: CONNECT. A user id is accepted as a user with an empty password.
[[nodiscard]] Result<HandlerPtr> makeSocks4Handler(const config::HandlerConfig &config, Credentials credentials);
/// GOST's relay protocol: TCP CONNECT. Metadata: `nodelay`.
[[nodiscard]] Result<HandlerPtr> makeRelayHandler(const config::HandlerConfig &config, Credentials credentials);
/// SOCKS5, SOCKS4 or HTTP, whichever the client's first byte tells.
[[nodiscard]] Result<HandlerPtr> makeAutoHandler(const config::HandlerConfig &config, Credentials credentials);

} // namespace sluice::handler
