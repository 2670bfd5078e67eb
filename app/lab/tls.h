// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
//
// A TLS server and client for the lab, by OpenSSL over a blocking descriptor: Qt's TLS wants an event loop, and forked
// children have none.
#pragma once

#include "app/lab/connection.h"

#include <memory>
#include <openssl/ssl.h>
#include <string>

namespace sluice::lab {

struct OpenSslDelete
{
    void operator()(EVP_PKEY *key) const { EVP_PKEY_free(key); }
    void operator()(X509 *certificate) const { X509_free(certificate); }
    void operator()(SSL_CTX *context) const { SSL_CTX_free(context); }
    void operator()(SSL *session) const { SSL_free(session); }
};
template <typename T>
using OpenSslPtr = std::unique_ptr<T, OpenSslDelete>;

/// A key and a self-signed certificate, made once per lab. That the client sees exactly this certificate proves that
/// nobody on the way ended the TLS session.  Thread: any once made.
struct Identity
{
    OpenSslPtr<EVP_PKEY> key;
    OpenSslPtr<X509> certificate;

    static Result<Identity> create();
};

/// A TLS session on a Connection, which must outlive it.
class TlsSession
{
public:
    static Result<TlsSession> accept(const Connection &connection, const Identity &identity);
    /// `extraHelloBytes` makes the ClientHello larger by about as much, so that it needs several segments.
    static Result<TlsSession> connect(const Connection &connection, const Identity &expected, const std::string &name,
                                      std::size_t extraHelloBytes);

    [[nodiscard]] std::string serverName() const; ///< the SNI that arrived at the server
    Result<void> sendLine(const std::string &line);
    Result<std::string> receiveLine();

private:
    OpenSslPtr<SSL_CTX> m_context;
    OpenSslPtr<SSL> m_session;
};

} // namespace sluice::lab
