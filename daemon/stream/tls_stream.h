// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
//
// TLS over any stream, by OpenSSL: both sides. QSslSocket costs half as much again per byte, twice as much per
// handshake and three times the memory, and cannot half-close.
#pragma once

#include "daemon/stream/stream_decorator.h"

#include <memory>
#include <openssl/types.h>
#include <string>
#include <vector>

namespace sluice::stream {

struct SslDeleter
{
    void operator()(SSL *ssl) const;
};
using SslPtr = std::unique_ptr<SSL, SslDeleter>;

/// One TLS connection. Thread: io.  Owner: as Stream.
/// The first read or write performs the handshake; TlsHandshake does it ahead of time and gives its own errors.
/// Half-close: shutdownWrite() sends close_notify, reading goes on. An end without close_notify counts as an end: many
/// peers leave it out, and a tunnel has to pass on what plain TCP would.
/// Limits: at most maxBurst bytes of plain text are encrypted ahead of what the stream below takes.
class TlsStream final : public StreamDecorator
{
public:
    static constexpr std::size_t maxBurst = 64 * 1024; // bytes

    /// `ssl` is in connect or accept state. `peer` names the other side in errors: "node proxy.example:443".
    TlsStream(StreamPtr below, SslPtr ssl, std::string peer);
    ~TlsStream() override;

    /// Data when the handshake is done, WouldBlock, or Failed.
    [[nodiscard]] IoResult performHandshake();

    IoResult write(std::span<const std::byte> data) override;
    void shutdownWrite() override;
    [[nodiscard]] Error error() const override { return m_error; }
    FdStream *plainSocket() override { return nullptr; }

protected:
    IoResult readBelow(std::span<std::byte> buffer) override;
    void belowReady() override;

private:
    struct Bio; ///< OpenSSL's view of the stream below

    /// Sends what is encrypted; Data when nothing is left.
    IoResult flush();
    /// What a call of OpenSSL that returned `status` <= 0 means.
    IoResult judge(int status);
    IoResult failed(Error error);

    SslPtr m_ssl;
    std::string m_peer;
    std::vector<std::byte> m_outgoing; ///< encrypted, not yet taken below
    std::size_t m_sent = 0;            ///< of m_outgoing
    std::size_t m_claimed = 0;         ///< plain bytes encrypted in m_outgoing whose writer was told WouldBlock
    Error m_error;
    bool m_hasFailed = false;
    bool m_isBelowBroken = false;
};

} // namespace sluice::stream
