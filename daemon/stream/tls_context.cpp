// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/stream/tls_context.h"

#include "helper/base/ip_address.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

namespace sluice::stream {

void SslContextDeleter::operator()(SSL_CTX *context) const
{
    SSL_CTX_free(context);
}

namespace {

constexpr std::size_t readAhead = 64 * 1024; // bytes asked of the socket at once
constexpr std::string_view defaultCommonName = "sluice";
constexpr Duration defaultValidity = std::chrono::hours(24 * 365);

template <auto Free>
struct Deleter
{
    template <typename T>
    void operator()(T *object) const
    {
        Free(object);
    }
};
using KeyPtr = std::unique_ptr<EVP_PKEY, Deleter<EVP_PKEY_free>>;
using CertificatePtr = std::unique_ptr<X509, Deleter<X509_free>>;

Error invalid(std::string message)
{
    ERR_clear_error();
    return {ErrorCode::InvalidConfig, std::move(message), 0};
}

/// The last error of this thread's queue: for files it names the cause, "No such file or directory".
std::string libraryReason()
{
    const unsigned long code = ERR_peek_last_error();
    const unsigned long first = ERR_peek_error();
    const bool isSystem = ERR_SYSTEM_ERROR(first) != 0;
    std::string text;
    if (isSystem) {
        text = systemError("", ERR_GET_REASON(first)).message.substr(2);
    } else {
        const char *reason = ERR_reason_error_string(code);
        text = reason != nullptr ? reason : "unknown error";
    }
    ERR_clear_error();
    return text;
}

Result<int> versionNumber(const std::string &name)
{
    if (name == "VersionTLS10")
        return TLS1_VERSION;
    if (name == "VersionTLS11")
        return TLS1_1_VERSION;
    if (name == "VersionTLS12")
        return TLS1_2_VERSION;
    if (name == "VersionTLS13")
        return TLS1_3_VERSION;
    return invalid("'" + name + "' is no TLS version; write VersionTLS10, VersionTLS11, VersionTLS12 or VersionTLS13");
}

Result<void> setVersions(SSL_CTX *context, const config::TlsOptions &options)
{
    int least = TLS1_2_VERSION;
    int most = 0; // the newest
    if (!options.minVersion.empty()) {
        auto number = versionNumber(options.minVersion);
        if (!number)
            return std::move(number).error();
        least = *number;
    }
    if (!options.maxVersion.empty()) {
        auto number = versionNumber(options.maxVersion);
        if (!number)
            return std::move(number).error();
        most = *number;
        if (options.minVersion.empty() && most < least)
            least = most;
    }
    if (most != 0 && most < least)
        return invalid("tls.options.maxVersion is below minVersion");
    if (least < TLS1_2_VERSION) // asked for in so many words; OpenSSL 3 has these only at level 0
        SSL_CTX_set_security_level(context, 0);
    SSL_CTX_set_min_proto_version(context, least);
    SSL_CTX_set_max_proto_version(context, most);
    return {};
}

/// `names` are the standard ones: TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256.
Result<void> setCipherSuites(SSL_CTX *context, const std::vector<std::string> &names)
{
    if (names.empty())
        return {};
    SSL_CTX_set_cipher_list(context, "ALL:COMPLEMENTOFALL"); // to look the names up in
    std::string upTo12, since13;
    for (const std::string &name : names) {
        const SSL_CIPHER *found = nullptr;
        STACK_OF(SSL_CIPHER) *all = SSL_CTX_get_ciphers(context);
        for (int i = 0; i < sk_SSL_CIPHER_num(all) && found == nullptr; ++i) {
            const SSL_CIPHER *cipher = sk_SSL_CIPHER_value(all, i);
            const char *standard = SSL_CIPHER_standard_name(cipher);
            if (standard != nullptr && name == standard)
                found = cipher;
        }
        if (found == nullptr)
            return invalid("'" + name + "' is no cipher suite that OpenSSL has here");
        std::string &list = std::string_view(SSL_CIPHER_get_version(found)) == "TLSv1.3" ? since13 : upTo12;
        list += (list.empty() ? "" : ":") + std::string(SSL_CIPHER_get_name(found));
    }
    SSL_CTX_set_cipher_list(context, upTo12.empty() ? SSL_DEFAULT_CIPHER_LIST : upTo12.c_str());
    if (!since13.empty())
        SSL_CTX_set_ciphersuites(context, since13.c_str());
    return {};
}

Result<std::string> alpnInWireFormat(const std::vector<std::string> &names)
{
    std::string wire;
    for (const std::string &name : names) {
        if (name.empty() || name.size() > 255)
            return invalid("tls.options.alpn: '" + name + "' is no protocol name");
        wire += static_cast<char>(name.size());
        wire += name;
    }
    return wire;
}

Result<void> useCertificate(SSL_CTX *context, const config::TlsConfig &tls)
{
    if (SSL_CTX_use_certificate_chain_file(context, tls.certFile.c_str()) != 1)
        return invalid("cannot use the certificate " + tls.certFile + ": " + libraryReason());
    const std::string &keyFile = tls.keyFile.empty() ? tls.certFile : tls.keyFile;
    if (SSL_CTX_use_PrivateKey_file(context, keyFile.c_str(), SSL_FILETYPE_PEM) != 1)
        return invalid("cannot use the key " + keyFile + ": " + libraryReason());
    return {};
}

Result<void> useAuthority(SSL_CTX *context, const std::string &caFile)
{
    if (SSL_CTX_load_verify_file(context, caFile.c_str()) != 1)
        return invalid("cannot use the authorities in " + caFile + ": " + libraryReason());
    return {};
}

/// What both sides have in common.
Result<SslContextPtr> makeContext(const SSL_METHOD *method, const config::TlsConfig &tls)
{
    ERR_clear_error();
    SslContextPtr made(SSL_CTX_new(method));
    SSL_CTX *context = made.get();
    if (context == nullptr)
        return Error{ErrorCode::Exhausted, "OpenSSL cannot make a TLS context: " + libraryReason(), 0};
    SSL_CTX_set_mode(context,
                     SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_options(context, SSL_OP_IGNORE_UNEXPECTED_EOF | SSL_OP_NO_RENEGOTIATION);
    SSL_CTX_set_read_ahead(context, 1);
    SSL_CTX_set_default_read_buffer_len(context, readAhead);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    if (auto set = setVersions(context, tls.options); !set)
        return std::move(set).error();
    if (auto set = setCipherSuites(context, tls.options.cipherSuites); !set)
        return std::move(set).error();
    return made;
}

bool addExtension(X509 *certificate, int id, const std::string &value)
{
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(nullptr, nullptr, id, value.c_str());
    const bool isAdded = extension != nullptr && X509_add_ext(certificate, extension, -1) == 1;
    X509_EXTENSION_free(extension);
    return isAdded;
}

bool addName(X509_NAME *name, const char *field, std::string_view value)
{
    return X509_NAME_add_entry_by_txt(name, field, MBSTRING_UTF8, reinterpret_cast<const unsigned char *>(value.data()),
                                      static_cast<int>(value.size()), -1, 0) == 1;
}

/// A self-signed P-256 certificate, in memory only.
Result<void> useOwnCertificate(SSL_CTX *context, const config::TlsConfig &tls)
{
    const std::string commonName = tls.commonName.empty() ? std::string(defaultCommonName) : tls.commonName;
    const KeyPtr key(EVP_EC_gen("P-256"));
    const CertificatePtr certificate(X509_new());
    X509 *x509 = certificate.get();
    std::uint64_t serial = 0;
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(tls.validity.value_or(defaultValidity));
    const bool isMade =
        key != nullptr && x509 != nullptr &&
        RAND_bytes(reinterpret_cast<unsigned char *>(&serial), sizeof serial) == 1 &&
        X509_set_version(x509, X509_VERSION_3) == 1 &&
        ASN1_INTEGER_set_uint64(X509_get_serialNumber(x509), serial >> 1) == 1 &&
        X509_gmtime_adj(X509_getm_notBefore(x509), -3600) != nullptr // clocks differ
        && X509_gmtime_adj(X509_getm_notAfter(x509), static_cast<long>(seconds.count())) != nullptr &&
        X509_set_pubkey(x509, key.get()) == 1 && addName(X509_get_subject_name(x509), "CN", commonName) &&
        (tls.organization.empty() || addName(X509_get_subject_name(x509), "O", tls.organization)) &&
        X509_set_issuer_name(x509, X509_get_subject_name(x509)) == 1 &&
        addExtension(x509, NID_subject_alt_name, (IpAddress::parse(commonName) ? "IP:" : "DNS:") + commonName) &&
        addExtension(x509, NID_ext_key_usage, "serverAuth") && X509_sign(x509, key.get(), EVP_sha256()) > 0 &&
        SSL_CTX_use_certificate(context, x509) == 1 && SSL_CTX_use_PrivateKey(context, key.get()) == 1;
    if (!isMade)
        return invalid("cannot make a certificate for '" + commonName + "': " + libraryReason());
    return {};
}

/// Takes the first of our protocols that the client offers; none in common is no reason to refuse.
int selectAlpn(SSL *, const unsigned char **selected, unsigned char *selectedLength, const unsigned char *offered,
               unsigned int offeredLength, void *wire)
{
    const auto &ours = *static_cast<const std::string *>(wire);
    unsigned char *found = nullptr;
    const int verdict =
        SSL_select_next_proto(&found, selectedLength, reinterpret_cast<const unsigned char *>(ours.data()),
                              static_cast<unsigned int>(ours.size()), offered, offeredLength);
    *selected = found;
    return verdict == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_NOACK;
}

class TlsHandshake final : public Handshake, private StreamWatcher
{
public:
    explicit TlsHandshake(std::unique_ptr<TlsStream> stream)
        : m_stream(std::move(stream))
    {
    }

    void start(Done done) override
    {
        m_done = std::move(done);
        m_stream->setWatcher(this);
        onStreamReady(*m_stream);
    }

private:
    void onStreamReady(Stream &) override
    {
        const IoResult result = m_stream->performHandshake();
        if (result.kind == IoResult::WouldBlock)
            return;
        const Done done = std::move(m_done); // outlives the handshake, which may be deleted inside
        m_stream->setWatcher(nullptr);
        if (result.kind == IoResult::Data)
            done(StreamPtr(std::move(m_stream)));
        else
            done(m_stream->error());
    }

    std::unique_ptr<TlsStream> m_stream;
    Done m_done;
};

} // namespace

Result<std::unique_ptr<const TlsClientContext>> TlsClientContext::create(const config::TlsConfig &tls,
                                                                         const std::string &host)
{
    auto context = makeContext(TLS_client_method(), tls);
    if (!context)
        return std::move(context).error();
    std::unique_ptr<TlsClientContext> made(new TlsClientContext);
    made->m_context = std::move(*context);
    made->m_serverName = tls.serverName.empty() ? host : tls.serverName;
    made->m_checksName = tls.secure;
    SSL_CTX *ssl = made->m_context.get();

    if (tls.secure || !tls.caFile.empty())
        SSL_CTX_set_verify(ssl, SSL_VERIFY_PEER, nullptr);
    if (!tls.caFile.empty()) {
        if (auto used = useAuthority(ssl, tls.caFile); !used)
            return std::move(used).error();
    } else if (tls.secure) {
        SSL_CTX_set_default_verify_paths(ssl);
    }
    if (tls.secure && made->m_serverName.empty())
        return invalid("tls.secure needs tls.serverName: there is no name to check the certificate against");
    if (!tls.certFile.empty()) {
        if (auto used = useCertificate(ssl, tls); !used)
            return std::move(used).error();
    }
    const auto alpn = alpnInWireFormat(tls.options.alpn);
    if (!alpn)
        return alpn.error();
    if (!alpn->empty())
        SSL_CTX_set_alpn_protos(ssl, reinterpret_cast<const unsigned char *>(alpn->data()),
                                static_cast<unsigned int>(alpn->size()));
    return std::unique_ptr<const TlsClientContext>(std::move(made));
}

std::unique_ptr<TlsStream> TlsClientContext::wrap(StreamPtr below) const
{
    SslPtr ssl(SSL_new(m_context.get()));
    SSL_set_connect_state(ssl.get());
    const bool isLiteral = IpAddress::parse(m_serverName).has_value();
    if (!m_serverName.empty() && !isLiteral)
        SSL_ctrl(ssl.get(), SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
                 const_cast<char *>(m_serverName.c_str())); // it is copied
    if (m_checksName && isLiteral) {
        X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl.get()), m_serverName.c_str());
    } else if (m_checksName) {
        // The subject's common name is no host name (RFC 9525 4.1), and "f*.example" is too clever.
        SSL_set_hostflags(ssl.get(), X509_CHECK_FLAG_NEVER_CHECK_SUBJECT | X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
        SSL_set1_host(ssl.get(), m_serverName.c_str());
    }
    return std::make_unique<TlsStream>(std::move(below), std::move(ssl),
                                       m_serverName.empty() ? "the node" : m_serverName);
}

HandshakePtr TlsClientContext::handshake(StreamPtr below) const
{
    return std::make_unique<TlsHandshake>(wrap(std::move(below)));
}

Result<std::unique_ptr<const TlsServerContext>> TlsServerContext::create(const config::TlsConfig &tls)
{
    auto context = makeContext(TLS_server_method(), tls);
    if (!context)
        return std::move(context).error();
    std::unique_ptr<TlsServerContext> made(new TlsServerContext);
    made->m_context = std::move(*context);
    SSL_CTX *ssl = made->m_context.get();

    auto used = tls.certFile.empty() ? useOwnCertificate(ssl, tls) : useCertificate(ssl, tls);
    if (!used)
        return std::move(used).error();
    if (!tls.caFile.empty()) {
        if (auto trusted = useAuthority(ssl, tls.caFile); !trusted)
            return std::move(trusted).error();
        SSL_CTX_set_verify(ssl, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
    }
    auto alpn = alpnInWireFormat(tls.options.alpn);
    if (!alpn)
        return std::move(alpn).error();
    made->m_alpn = *std::move(alpn);
    if (!made->m_alpn.empty())
        SSL_CTX_set_alpn_select_cb(ssl, &selectAlpn, &made->m_alpn);
    return std::unique_ptr<const TlsServerContext>(std::move(made));
}

HandshakePtr TlsServerContext::accept(StreamPtr below) const
{
    SslPtr ssl(SSL_new(m_context.get()));
    SSL_set_accept_state(ssl.get());
    return std::make_unique<TlsHandshake>(std::make_unique<TlsStream>(std::move(below), std::move(ssl), "the client"));
}

} // namespace sluice::stream
