// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
//
// The one gate through which a host name from the network must pass before anybody matches, dials or logs it.
#pragma once

#include "helper/base/ip_address.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sluice::sniff {

/// A host as a client named it, made safe. Exactly one of `name` and `literal` is set. Thread: any (plain value).
struct NormalHost
{
    std::string name;                  ///< lower case, without final dot; letters, digits, '-', '_', '.' only
    std::optional<IpAddress> literal;  ///< the client wrote an address, not a name
    std::optional<std::uint16_t> port; ///< as written behind the host

    friend bool operator==(const NormalHost &, const NormalHost &) = default;
};

/// Reads "name", "name.", "name:port", "1.2.3.4[:port]", "[v6][:port]" or a bare IPv6 address.
/// Nothing for anything else: empty, longer than 253, an empty label or one above 63, a byte that is not letter, digit,
/// '-', '_' or '.', a port that is no number, and numbers which some resolvers read as an address ("127.1", "0x7f.1").
/// Hyphens are not checked for their place in a label: resolvers answer such names, and servers use them.
/// Thread: any.  Errors: none, an unusable host is a normal answer.
[[nodiscard]] std::optional<NormalHost> normaliseHost(std::string_view text);

} // namespace sluice::sniff
