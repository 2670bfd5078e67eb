// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
//
// Base64 (RFC 4648), as HTTP's Basic authentication uses it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace sluice::connector {

[[nodiscard]] std::string encodeBase64(std::string_view bytes);
/// Nothing for text that is not base64.
[[nodiscard]] std::optional<std::string> decodeBase64(std::string_view text);

} // namespace sluice::connector
