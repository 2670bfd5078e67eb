// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
//
// URLs as Go's net/url reads them, which is how GOST reads -L and -F. Except that a host may be a list: "a:1,b:2".
#pragma once

#include "helper/base/result.h"

#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace sluice::config {

struct UserInfo
{
    std::string name;
    std::optional<std::string> password;
};

/// Thread: any (plain value).
struct GoUrl
{
    std::string scheme; ///< lower case
    std::optional<UserInfo> user;
    std::string host;                         ///< with port; several are separated by commas
    std::string path;                         ///< percent-encoded where a URL needs it
    std::map<std::string, std::string> query; ///< decoded; the first value of each key
    bool hasBadQuery = false;                 ///< a part of the query could not be decoded and is left out

    /// The messages of errors never hold a part of the text, which may hold a password.
    static Result<GoUrl> parse(std::string_view text);

    /// UTF-8 without NUL, after decoding.
    [[nodiscard]] bool isText() const;
};

/// Without port and brackets.
[[nodiscard]] std::string hostNameOf(std::string_view host);

} // namespace sluice::config
