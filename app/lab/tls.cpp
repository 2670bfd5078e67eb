// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/lab/tls.h"

#include <algorithm>
#include <openssl/err.h>
#include <openssl/x509.h>
#include <vector>

namespace sluice::lab {

namespace {

constexpr long CertificateSeconds = 24L * 60 * 60;
constexpr std::size_t MaxLine = 1024;

Error tlsError(const std::string &what)
{
    const unsigned long code = ERR_get_error();
    const char *reason = code != 0 ? ERR_reason_error_string(code) : nullptr;
    return Error{ErrorCode::ProtocolError, what + ": " + (reason != nullptr ? reason : "the connection ended")};
}

// ALPN is the one extension that may be made as long as one likes.
std::vector<unsigned char> longAlpn(std::size_t size)
{
    constexpr unsigned char nameLength = 45;
    std::vector<unsigned char> list;
    while (list.size() < size) {
        list.push_back(nameLength);
        list.insert(list.end(), nameLength, 'x');
    }
    return list;
}

} // namespace

Result<Identity> Identity::create()
{
    Identity identity{OpenSslPtr<EVP_PKEY>(EVP_EC_gen("P-256")), OpenSslPtr<X509>(X509_new())};
    X509 *certificate = identity.certificate.get();
    if (!identity.key || certificate == nullptr)
        return tlsError("cannot make a key");
    X509_NAME *name = X509_get_subject_name(certificate);
    const auto *commonName = reinterpret_cast<const unsigned char *>("playground.test");
    const bool isMade = X509_set_version(certificate, X509_VERSION_3) == 1 &&
                        ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1) == 1 &&
                        X509_gmtime_adj(X509_getm_notBefore(certificate), -60) != nullptr &&
                        X509_gmtime_adj(X509_getm_notAfter(certificate), CertificateSeconds) != nullptr &&
                        X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, commonName, -1, -1, 0) == 1 &&
                        X509_set_issuer_name(certificate, name) == 1 &&
                        X509_set_pubkey(certificate, identity.key.get()) == 1 &&
                        X509_sign(certificate, identity.key.get(), EVP_sha256()) != 0;
    if (!isMade)
        return tlsError("cannot make a certificate");
    return identity;
}

Result<TlsSession> TlsSession::accept(const Connection &connection, const Identity &identity)
{
    TlsSession tls;
    tls.m_context.reset(SSL_CTX_new(TLS_server_method()));
    SSL_CTX_use_certificate(tls.m_context.get(), identity.certificate.get());
    SSL_CTX_use_PrivateKey(tls.m_context.get(), identity.key.get());
    tls.m_session.reset(SSL_new(tls.m_context.get()));
    SSL_set_fd(tls.m_session.get(), connection.fd());
    if (SSL_accept(tls.m_session.get()) != 1)
        return tlsError("the TLS handshake failed");
    return tls;
}

Result<TlsSession> TlsSession::connect(const Connection &connection, const Identity &expected, const std::string &name,
                                       std::size_t extraHelloBytes)
{
    TlsSession tls;
    tls.m_context.reset(SSL_CTX_new(TLS_client_method()));
    tls.m_session.reset(SSL_new(tls.m_context.get()));
    SSL *session = tls.m_session.get();
    SSL_set_fd(session, connection.fd());
    // SSL_set_tlsext_host_name() is a macro with an old-style cast; this is what it stands for.
    SSL_ctrl(session, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, const_cast<char *>(name.c_str()));
    if (extraHelloBytes > 0) {
        const auto names = longAlpn(extraHelloBytes);
        SSL_set_alpn_protos(session, names.data(), static_cast<unsigned>(names.size()));
    }
    if (SSL_connect(session) != 1)
        return tlsError("the TLS handshake failed");
    const OpenSslPtr<X509> seen(SSL_get1_peer_certificate(session));
    if (!seen || X509_cmp(seen.get(), expected.certificate.get()) != 0)
        return Error{ErrorCode::ProtocolError, "the server's certificate is not the target's own"};
    return tls;
}

std::string TlsSession::serverName() const
{
    const char *name = SSL_get_servername(m_session.get(), TLSEXT_NAMETYPE_host_name);
    return name != nullptr ? name : "";
}

Result<void> TlsSession::sendLine(const std::string &line)
{
    if (SSL_write(m_session.get(), line.data(), static_cast<int>(line.size())) <= 0)
        return tlsError("cannot send over TLS");
    SSL_shutdown(m_session.get());
    return {};
}

Result<std::string> TlsSession::receiveLine()
{
    std::string line;
    while (!line.ends_with('\n')) {
        char next = 0;
        if (line.size() > MaxLine || SSL_read(m_session.get(), &next, 1) != 1)
            return tlsError("cannot receive over TLS");
        line += next;
    }
    return line;
}

} // namespace sluice::lab
