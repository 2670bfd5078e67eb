// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/stream/tls_stream.h"

#include <algorithm>
#include <cassert>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>

namespace sluice::stream {

void SslDeleter::operator()(SSL *ssl) const
{
    SSL_free(ssl);
}

/// The callbacks of the BIO. Reading goes straight below; writing only collects, so that OpenSSL never has a write
/// half done and one send carries several records.
struct TlsStream::Bio
{
    static TlsStream &stream(BIO *bio) { return *static_cast<TlsStream *>(BIO_get_data(bio)); }

    static int read(BIO *bio, char *data, std::size_t length, std::size_t *count)
    {
        BIO_clear_retry_flags(bio);
        const IoResult got = stream(bio).below().read({reinterpret_cast<std::byte *>(data), length});
        *count = got.bytes;
        switch (got.kind) {
        case IoResult::Data: return 1;
        case IoResult::WouldBlock: BIO_set_retry_read(bio); return 0;
        case IoResult::End: BIO_set_flags(bio, BIO_FLAGS_IN_EOF); return 0;
        case IoResult::Failed: stream(bio).m_isBelowBroken = true; return 0;
        }
        return 0;
    }

    static int write(BIO *bio, const char *data, std::size_t length, std::size_t *count)
    {
        BIO_clear_retry_flags(bio);
        const auto *bytes = reinterpret_cast<const std::byte *>(data);
        auto &outgoing = stream(bio).m_outgoing;
        outgoing.insert(outgoing.end(), bytes, bytes + length);
        *count = length;
        return 1;
    }

    static long control(BIO *bio, int command, long, void *)
    {
        switch (command) {
        case BIO_CTRL_FLUSH: return 1;
        case BIO_CTRL_EOF: return BIO_test_flags(bio, BIO_FLAGS_IN_EOF) != 0 ? 1 : 0;
        default: return 0;
        }
    }

    static const BIO_METHOD *method()
    {
        static const BIO_METHOD *const made = [] {
            BIO_METHOD *methods = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "stream");
            BIO_meth_set_read_ex(methods, &read);
            BIO_meth_set_write_ex(methods, &write);
            BIO_meth_set_ctrl(methods, &control);
            return methods; // for the life of the process
        }();
        return made;
    }
};

namespace {

/// Why the peer's certificate was not accepted.
std::string certificateTrouble(long verdict)
{
    switch (verdict) {
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH: return "its certificate is for another name";
    case X509_V_ERR_CERT_HAS_EXPIRED: return "its certificate has expired";
    case X509_V_ERR_CERT_NOT_YET_VALID: return "its certificate is not valid yet";
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN: return "its certificate is self-signed and not trusted here";
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
        return "its certificate is from an authority that is not trusted here";
    default: return std::string("its certificate was not accepted: ") + X509_verify_cert_error_string(verdict);
    }
}

/// The oldest error of this thread's queue in words, and the queue emptied.
Error libraryError(const SSL *ssl, const std::string &peer)
{
    const unsigned long code = ERR_get_error();
    ERR_clear_error();
    const std::string failed = "TLS with " + peer + " failed: ";
    switch (ERR_GET_REASON(code)) {
    case SSL_R_CERTIFICATE_VERIFY_FAILED:
        return {ErrorCode::AuthFailed, failed + certificateTrouble(SSL_get_verify_result(ssl)), 0};
    case SSL_R_UNSUPPORTED_PROTOCOL:
    case SSL_R_TLSV1_ALERT_PROTOCOL_VERSION:
    case SSL_R_NO_PROTOCOLS_AVAILABLE:
        return {ErrorCode::ProtocolError, failed + "the two sides share no protocol version", 0};
    case SSL_R_WRONG_VERSION_NUMBER:
    case SSL_R_HTTP_REQUEST:
    case SSL_R_HTTPS_PROXY_REQUEST:
    case SSL_R_PACKET_LENGTH_TOO_LONG: return {ErrorCode::ProtocolError, failed + "it does not speak TLS", 0};
    case SSL_R_NO_SHARED_CIPHER:
    case SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE:
        return {ErrorCode::ProtocolError, failed + "the two sides share no cipher suite", 0};
    case SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE:
    case SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED:
        return {ErrorCode::AuthFailed, failed + "a client certificate is required", 0};
    default: break;
    }
    const char *reason = ERR_reason_error_string(code);
    return {ErrorCode::ProtocolError, failed + (reason != nullptr ? reason : "unknown error"), 0};
}

} // namespace

TlsStream::TlsStream(StreamPtr below, SslPtr ssl, std::string peer)
    : StreamDecorator(std::move(below))
    , m_ssl(std::move(ssl))
    , m_peer(std::move(peer))
{
    BIO *bio = BIO_new(Bio::method());
    BIO_set_data(bio, this);
    BIO_set_init(bio, 1);
    SSL_set_bio(m_ssl.get(), bio, bio); // owns it
}

TlsStream::~TlsStream() = default;

IoResult TlsStream::failed(Error error)
{
    if (!m_hasFailed)
        m_error = std::move(error);
    m_hasFailed = true;
    return {IoResult::Failed, 0};
}

IoResult TlsStream::flush()
{
    while (m_sent < m_outgoing.size()) {
        const IoResult sent = below().write(std::span(m_outgoing).subspan(m_sent));
        if (sent.kind == IoResult::WouldBlock)
            return sent;
        if (sent.kind != IoResult::Data)
            return failed(below().error());
        m_sent += sent.bytes;
    }
    m_outgoing = {}; // an idle connection holds no buffer
    m_sent = 0;
    return {IoResult::Data, 0};
}

IoResult TlsStream::judge(int status)
{
    const int reason = SSL_get_error(m_ssl.get(), status);
    if (reason == SSL_ERROR_WANT_READ || reason == SSL_ERROR_WANT_WRITE) {
        const IoResult flushed = flush(); // it waits for an answer to this, perhaps
        return flushed.kind == IoResult::Failed ? flushed : IoResult{IoResult::WouldBlock, 0};
    }
    if (reason == SSL_ERROR_ZERO_RETURN && SSL_is_init_finished(m_ssl.get()))
        return {IoResult::End, 0};
    Error error{ErrorCode::Unreachable, m_peer + " closed the connection during the TLS handshake", 0};
    if (m_isBelowBroken)
        error = below().error().in("TLS with " + m_peer);
    else if (reason == SSL_ERROR_SSL)
        error = libraryError(m_ssl.get(), m_peer);
    flush(); // the alert that tells the peer why
    return failed(std::move(error));
}

IoResult TlsStream::performHandshake()
{
    if (m_hasFailed)
        return {IoResult::Failed, 0};
    ERR_clear_error();
    if (const int status = SSL_do_handshake(m_ssl.get()); status <= 0)
        return judge(status);
    const IoResult flushed = flush(); // what is left goes out by itself
    return flushed.kind == IoResult::Failed ? flushed : IoResult{IoResult::Data, 0};
}

IoResult TlsStream::readBelow(std::span<std::byte> buffer)
{
    if (m_hasFailed)
        return {IoResult::Failed, 0};
    ERR_clear_error();
    std::size_t total = 0;
    while (total < buffer.size()) { // a record at a time
        std::size_t count = 0;
        const int status = SSL_read_ex(m_ssl.get(), buffer.data() + total, buffer.size() - total, &count);
        if (status <= 0) {
            const IoResult verdict = judge(status);
            return total > 0 ? IoResult{IoResult::Data, total} : verdict; // an end or failure comes again
        }
        total += count;
    }
    return {IoResult::Data, total};
}

IoResult TlsStream::write(std::span<const std::byte> data)
{
    if (m_hasFailed)
        return {IoResult::Failed, 0};
    if (const IoResult flushed = flush(); flushed.kind != IoResult::Data)
        return flushed;
    if (m_claimed == 0) {
        ERR_clear_error();
        const std::size_t wanted = std::min(data.size(), maxBurst);
        m_outgoing.reserve(wanted + wanted / SSL3_RT_MAX_PLAIN_LENGTH * SSL3_RT_MAX_ENCRYPTED_OVERHEAD + 512);
        while (m_claimed < wanted) { // a record at a time
            std::size_t count = 0;
            const int status = SSL_write_ex(m_ssl.get(), data.data() + m_claimed, wanted - m_claimed, &count);
            if (status <= 0) {
                const IoResult verdict = judge(status);
                if (m_claimed == 0)
                    return verdict;
                break;
            }
            m_claimed += count;
        }
        // Only what the stream below has taken counts as written: then nothing is lost if this stream is closed after
        // the last write. The writer brings the rest again, as it must.
        if (const IoResult flushed = flush(); flushed.kind != IoResult::Data)
            return flushed;
    }
    const std::size_t accepted = std::min(m_claimed, data.size());
    m_claimed -= accepted;
    return {IoResult::Data, accepted};
}

void TlsStream::shutdownWrite()
{
    if (m_hasFailed || !SSL_is_init_finished(m_ssl.get()))
        return;
    ERR_clear_error();
    SSL_shutdown(m_ssl.get());
    flush();
}

void TlsStream::belowReady()
{
    if (!m_hasFailed && !m_outgoing.empty())
        flush();
    notifyWatcher();
}

} // namespace sluice::stream
