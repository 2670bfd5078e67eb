// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
//
// The head of an HTTP/1 message: first line and header fields (RFC 9112). Views into the text it was parsed from.
#pragma once

#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice::connector {

struct HttpHead
{
    std::string_view firstLine;
    std::vector<std::pair<std::string_view, std::string_view>> fields; ///< values without white space round them

    /// The first field of that name, in any case.
    [[nodiscard]] std::optional<std::string_view> field(std::string_view name) const;
};

/// Where the head ends in `text`: just behind its empty line. Nothing while there is none. A line may end in a bare LF.
[[nodiscard]] std::optional<std::size_t> endOfHttpHead(std::string_view text);

/// Parses a whole head. Nothing when a line is no field, or goes on in the next line (obsolete, and good for
/// smuggling).
[[nodiscard]] std::optional<HttpHead> parseHttpHead(std::string_view head);

/// ASCII letters count as equal in both cases.
[[nodiscard]] bool equalsIgnoringCase(std::string_view left, std::string_view right);

/// May this be sent as a field's name, or value?
[[nodiscard]] bool isFieldName(std::string_view text);
[[nodiscard]] bool isFieldValue(std::string_view text);

} // namespace sluice::connector
