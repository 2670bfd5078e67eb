// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
//
// Is a text UTF-8? Pure functions. Thread: any.
#pragma once

#include <string_view>

namespace sluice::config {

/// The length of the UTF-8 character that starts at `text[at]`, 0 if there is none (RFC 3629: shortest form, no
/// surrogates, up to U+10FFFF).
[[nodiscard]] std::size_t utf8Length(std::string_view text, std::size_t at);

/// npos when the whole text is UTF-8.
[[nodiscard]] std::size_t firstBadByte(std::string_view text);

} // namespace sluice::config
