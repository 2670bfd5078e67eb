// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/sniff/host_name.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace sluice::sniff {

namespace {

constexpr std::size_t maxNameLength = 253; // RFC 1035 2.3.4, as text without the final dot
constexpr std::size_t maxLabelLength = 63;

/// The lower-case form of each byte that may stand in a label; 0 for all others.
constexpr std::array<char, 256> labelCharacters = [] {
    std::array<char, 256> table{};
    for (char c = 'a'; c <= 'z'; ++c) {
        table[static_cast<unsigned char>(c)] = c;
        table[static_cast<unsigned char>(c - 'a' + 'A')] = c;
    }
    for (char c = '0'; c <= '9'; ++c)
        table[static_cast<unsigned char>(c)] = c;
    table['-'] = '-';
    table['_'] = '_';
    return table;
}();

bool isDigit(char c)
{
    return c >= '0' && c <= '9';
}

bool isHexDigit(char c)
{
    return isDigit(c) || (c >= 'a' && c <= 'f');
}

/// inet_aton(3) and most browsers read a name whose last label is a number as an IPv4 address.
bool endsInNumber(std::string_view name)
{
    const std::string_view label = name.substr(name.rfind('.') + 1); // npos + 1 is 0
    if (label.starts_with("0x"))
        return std::all_of(label.begin() + 2, label.end(), isHexDigit);
    return std::all_of(label.begin(), label.end(), isDigit);
}

std::optional<std::string> normaliseName(std::string_view text)
{
    if (text.empty() || text.size() > maxNameLength)
        return std::nullopt;
    std::string name(text.size(), '\0');
    std::size_t labelLength = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '.') {
            if (labelLength == 0)
                return std::nullopt;
            labelLength = 0;
            name[i] = '.';
            continue;
        }
        name[i] = labelCharacters[static_cast<unsigned char>(text[i])];
        if (name[i] == '\0' || ++labelLength > maxLabelLength)
            return std::nullopt;
    }
    if (labelLength == 0 || endsInNumber(name))
        return std::nullopt;
    return name;
}

/// ":80" or "" or ":"; false for anything else.
bool readPort(std::string_view text, std::optional<std::uint16_t> &port)
{
    if (text.empty() || text == ":")
        return true;
    std::uint16_t number = 0;
    const auto [end, error] = std::from_chars(text.data() + 1, text.data() + text.size(), number);
    if (text[0] != ':' || error != std::errc{} || end != text.data() + text.size())
        return false;
    port = number;
    return true;
}

} // namespace

std::optional<NormalHost> normaliseHost(std::string_view text)
{
    NormalHost host;
    if (text.starts_with('[')) {
        const auto close = text.find(']');
        if (close == std::string_view::npos || !readPort(text.substr(close + 1), host.port))
            return std::nullopt;
        const std::string_view inside = text.substr(1, close - 1);
        host.literal = IpAddress::parse(inside);
        if (!host.literal || inside.find(':') == std::string_view::npos)
            return std::nullopt;
        return host;
    }

    const auto colon = text.find(':');
    if (colon != std::string_view::npos && text.find(':', colon + 1) != std::string_view::npos) {
        host.literal = IpAddress::parse(text);
        if (!host.literal)
            return std::nullopt;
        return host;
    }
    if (colon != std::string_view::npos && !readPort(text.substr(colon), host.port))
        return std::nullopt;
    text = text.substr(0, colon);
    if (text.ends_with('.'))
        text.remove_suffix(1);

    if (!text.empty() && isDigit(text.back()))
        host.literal = IpAddress::parse(text);
    if (host.literal)
        return host;
    auto name = normaliseName(text);
    if (!name)
        return std::nullopt;
    host.name = std::move(*name);
    return host;
}

} // namespace sluice::sniff
