// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/connector/http_head.h"

#include <algorithm>

namespace sluice::connector {

namespace {

char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
}

std::string_view trimmed(std::string_view text)
{
    const auto first = text.find_first_not_of(" \t");
    if (first == std::string_view::npos)
        return {};
    return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

/// The next line of `text` without its end, removed from `text`.
std::string_view takeLine(std::string_view &text)
{
    const auto end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.ends_with('\r'))
        line.remove_suffix(1);
    return line;
}

} // namespace

std::optional<std::string_view> HttpHead::field(std::string_view name) const
{
    for (const auto &[key, value] : fields) {
        if (equalsIgnoringCase(key, name))
            return value;
    }
    return std::nullopt;
}

std::optional<std::size_t> endOfHttpHead(std::string_view text)
{
    for (auto at = text.find('\n'); at != std::string_view::npos; at = text.find('\n', at + 1)) {
        if (text.substr(at + 1).starts_with('\n'))
            return at + 2;
        if (text.substr(at + 1).starts_with("\r\n"))
            return at + 3;
    }
    return std::nullopt;
}

std::optional<HttpHead> parseHttpHead(std::string_view head)
{
    HttpHead parsed;
    parsed.firstLine = takeLine(head);
    while (!head.empty()) {
        const std::string_view line = takeLine(head);
        if (line.empty())
            break;
        const auto colon = line.find(':');
        if (colon == std::string_view::npos || !isFieldName(line.substr(0, colon)))
            return std::nullopt;
        parsed.fields.emplace_back(line.substr(0, colon), trimmed(line.substr(colon + 1)));
    }
    return parsed;
}

bool equalsIgnoringCase(std::string_view left, std::string_view right)
{
    return std::equal(left.begin(), left.end(), right.begin(), right.end(),
                      [](char a, char b) { return lower(a) == lower(b); });
}

bool isFieldName(std::string_view text)
{
    return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
        return c > ' ' && c <= '~' && std::string_view("\"(),/:;<=>?@[\\]{}").find(c) == std::string_view::npos;
    });
}

bool isFieldValue(std::string_view text)
{
    return text.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos;
}

} // namespace sluice::connector
