// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
//
// Finds out from the first bytes of a client which protocol it speaks and which host it names. Pure: no socket, no
// clock, no state between calls. Waiting, the deadline and where to dial belong to the session.
#pragma once

#include "helper/base/ip_address.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace sluice::sniff {

/// No sniffer asks for more than this many bytes.
inline constexpr std::size_t maxSniffBytes = std::size_t{64} * 1024;

enum class Protocol : std::uint8_t { Unknown, Http, Tls, Ssh };

enum class Verdict : std::uint8_t {
    Found,     ///< the protocol is certain and so is its answer: a name, a literal, or that there is none
    NeedMore,  ///< call again with more bytes
    NotMine,   ///< no sniffer knows this, and no further byte will change that
    Malformed, ///< looked like `protocol` but breaks it, or names a host that nobody may trust; there is no name
};

/// What the first bytes say. Thread: any (plain value).
struct SniffResult
{
    Verdict verdict = Verdict::NeedMore;
    Protocol protocol = Protocol::Unknown; ///< also set for NotMine and Malformed where it is known
    std::string host;                      ///< normalised (host_name.h); empty if there is no name
    std::optional<IpAddress> literal;      ///< the client named an address instead: for policy, not a name
    std::optional<std::uint16_t> port;     ///< the port in Host:, for display only
    /// HTTP in absolute-form or CONNECT: the client speaks to a proxy that it believes to be at the original address.
    /// `host` is then for policy only; dialling it would go past that proxy.
    bool isProxyRequest = false;
    /// An encrypted_client_hello extension is there, real or GREASE: `host` may be the outer name only.
    bool hasEch = false;
    std::vector<std::string> alpn; ///< protocols the client offers in TLS, as sent

    friend bool operator==(const SniffResult &, const SniffResult &) = default;
};

/// Asks every sniffer. `soFar` holds all bytes since the connection began; with maxSniffBytes or more of them the
/// answer is never NeedMore. Thread: any.  Limits: maxSniffBytes.  Errors: none, every byte sequence has an answer.
[[nodiscard]] SniffResult sniff(std::span<const std::byte> soFar);

} // namespace sluice::sniff
