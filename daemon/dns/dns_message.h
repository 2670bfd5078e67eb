// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
//
// DNS messages (RFC 1035) as far as a client needs them that asks for addresses. Pure: no sockets, no clock.
#pragma once

#include "helper/base/ip_address.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace sluice::dns {

/// The largest UDP answer that we ask for: it passes every link without fragments (DNS flag day 2020).
inline constexpr std::size_t maxUdpSize = 1232;

enum class RecordType : std::uint16_t { A = 1, Aaaa = 28 };

/// One question. Thread: any (plain value).
struct Query
{
    std::uint16_t id = 0; ///< random for each question: half of what keeps forged answers out, the other is the port
    std::string name;     ///< normalised (daemon/sniff/host_name.h); absolute, no search list is applied
    RecordType type = RecordType::A;
    std::optional<Cidr> clientSubnet; ///< RFC 7871; nothing sends none
};

/// The message of a question with EDNS(0), as it goes over UDP; over TCP its length goes before it in two bytes.
/// Nothing when the name cannot be encoded: empty, too long, an empty label or one above 63 bytes.
/// Thread: any.
[[nodiscard]] std::optional<std::vector<std::byte>> encodeQuery(const Query &query);

/// RCODE; all others are kept as their number.
enum class ResponseCode : std::uint8_t { NoError = 0, FormatError = 1, ServerFailure = 2, NoSuchName = 3, Refused = 5 };

/// What a server answered. Thread: any (plain value).
struct Response
{
    ResponseCode code = ResponseCode::NoError;
    bool isTruncated = false;         ///< ask again over TCP; there are no addresses then
    std::vector<IpAddress> addresses; ///< of the type asked for, at the end of the CNAME chain, in the server's order
    std::chrono::seconds ttl{0};      ///< the smallest on the way to the addresses; 0 without addresses
};

/// Reads the answer to `query`. Nothing when this is none: another id, another question, no response, or a message that
/// breaks its own format. On UDP that is to be ignored while waiting on, since anybody may have sent it.
/// Thread: any.  Limits: 256 records, 16 aliases in a row, names of 255 bytes.
[[nodiscard]] std::optional<Response> decodeResponse(std::span<const std::byte> message, const Query &query);

} // namespace sluice::dns
