// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
//
// What a `tls:` object of the configuration means, made ready once per dialer or listener.
#pragma once

#include "daemon/config/config.h"
#include "daemon/stream/handshake.h"
#include "daemon/stream/tls_stream.h"
#include "helper/base/result.h"

#include <memory>
#include <optional>
#include <string>

namespace sluice::stream {

struct SslContextDeleter
{
    void operator()(SSL_CTX *context) const;
};
using SslContextPtr = std::unique_ptr<SSL_CTX, SslContextDeleter>;

/// The client's side. Immutable after create(), shared by all workers.
/// As in GOST: without `secure` nothing is verified, unless caFile is given: then the chain is, but not the name. With
/// `secure` the chain (to caFile, else to the system's authorities) and the name or IP address must be right.
class TlsClientContext
{
public:
    /// `host` is the server name where `tls.serverName` is empty. Errors: InvalidConfig, with the file or key at fault.
    static Result<std::unique_ptr<const TlsClientContext>> create(const config::TlsConfig &tls,
                                                                  const std::string &host);

    /// TLS over `below`, which begins with the first read or write.
    [[nodiscard]] std::unique_ptr<TlsStream> wrap(StreamPtr below) const;
    /// Performs the handshake over `below` and ends in a stream that is ready.
    [[nodiscard]] HandshakePtr handshake(StreamPtr below) const;

private:
    TlsClientContext() = default;

    SslContextPtr m_context;
    std::string m_serverName;
    bool m_checksName = false;
};

/// The server's side. Immutable after create(), shared by all workers. Without certFile it makes a certificate of its
/// own, which lives in memory only. With caFile clients must show a certificate from it.
class TlsServerContext
{
public:
    /// Errors: InvalidConfig, with the file or key at fault.
    static Result<std::unique_ptr<const TlsServerContext>> create(const config::TlsConfig &tls);

    /// Performs the handshake over `below`, a client's connection, and ends in a stream that is ready.
    [[nodiscard]] HandshakePtr accept(StreamPtr below) const;

private:
    TlsServerContext() = default;

    SslContextPtr m_context;
    std::string m_alpn; ///< in wire format; read by OpenSSL's callback
};

} // namespace sluice::stream
