// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
//
// What several proxy protocols share on the wire, for both sides: big-endian numbers and SOCKS5 addresses.
#pragma once

#include "daemon/connector/connector.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::connector {

using Bytes = std::vector<std::byte>;

void append8(Bytes &bytes, unsigned value);
void append16(Bytes &bytes, unsigned value);
void appendText(Bytes &bytes, std::string_view text);

/// Both need the bytes to be there.
[[nodiscard]] unsigned read8(std::span<const std::byte> bytes, std::size_t at);
[[nodiscard]] unsigned read16(std::span<const std::byte> bytes, std::size_t at);

/// ATYP ADDR PORT (RFC 1928 5). An IPv4-mapped literal goes out as IPv4.
void appendAddress(Bytes &bytes, const Target &target);
/// An address on the wire is a literal or a name of 1..255 bytes without NUL. Null: it can be sent.
[[nodiscard]] std::optional<Error> addressTrouble(const Target &target);

/// What stands at the front of some bytes.
struct ParsedAddress
{
    enum class Kind { Complete, NeedsMore, UnknownType, BadName };
    Kind kind = Kind::NeedsMore;
    Target target;
    std::size_t length = 0; ///< bytes it takes
};
[[nodiscard]] ParsedAddress parseAddress(std::span<const std::byte> bytes);

/// Text from the network, fit for an error message: printable ASCII, at most 100 characters.
[[nodiscard]] std::string printable(std::string_view text);

} // namespace sluice::connector
