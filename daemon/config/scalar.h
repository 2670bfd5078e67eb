// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
//
// How GOST (Go's strconv and YAML library) understands a word: as a boolean, a number, nothing, or just text.
// Pure functions. Thread: any.
#pragma once

#include "daemon/config/document.h"

#include <optional>

namespace sluice::config {

/// What an unquoted YAML scalar is: null, a boolean, an integer (decimal, 0x, 0o, 0b, and octal by a leading zero),
/// a float, or text. YAML 1.2: "yes" and "on" are text.
[[nodiscard]] Value resolvePlainScalar(std::string_view text);

/// Would GOST read this unquoted text as a date or a time? (Sluice keeps the text.)
[[nodiscard]] bool looksLikeTimestamp(std::string_view text);

/// A number to base 60 in YAML 1.1: "12:30", "-1:59.5".
[[nodiscard]] bool looksLikeBase60(std::string_view text);

/// Go's ParseBool: 1 t T TRUE true True, 0 f F FALSE false False.
[[nodiscard]] std::optional<bool> parseGoBoolean(std::string_view text);

/// Go's Atoi: an optional sign and decimal digits.
[[nodiscard]] std::optional<std::int64_t> parseDecimal(std::string_view text);

/// parseDecimal, or hexadecimal digits after "0x".
[[nodiscard]] std::optional<std::int64_t> parseDecimalOrHex(std::string_view text);

/// Go's ParseInt(text, 0, 64): the prefix says the base (0x 0o 0b 0), single underscores between digits are allowed.
[[nodiscard]] std::optional<std::int64_t> parseAnyBase(std::string_view text);

} // namespace sluice::config
