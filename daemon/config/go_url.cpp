// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/config/go_url.h"

#include "daemon/config/utf8.h"
#include "helper/base/ip_address.h"

#include <algorithm>

namespace sluice::config {

namespace {

bool isLetter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool isDigit(char c)
{
    return c >= '0' && c <= '9';
}

bool isOneOf(char c, std::string_view set)
{
    return set.find(c) != std::string_view::npos;
}

int hexDigit(char c)
{
    if (isDigit(c))
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

/// Percent-decoding; nothing when a '%' is not followed by two hexadecimal digits.
std::optional<std::string> decode(std::string_view text, bool plusIsSpace = false)
{
    std::string decoded;
    for (std::size_t at = 0; at < text.size(); ++at) {
        if (text[at] == '%') {
            if (at + 2 >= text.size() || hexDigit(text[at + 1]) < 0 || hexDigit(text[at + 2]) < 0)
                return std::nullopt;
            decoded += static_cast<char>(hexDigit(text[at + 1]) * 16 + hexDigit(text[at + 2]));
            at += 2;
        } else {
            decoded += plusIsSpace && text[at] == '+' ? ' ' : text[at];
        }
    }
    return decoded;
}

std::string encodePath(std::string_view path)
{
    constexpr std::string_view hex = "0123456789ABCDEF";
    std::string encoded;
    for (const char c : path) {
        if (isLetter(c) || isDigit(c) || isOneOf(c, "-_.~$&+,/:;=@")) {
            encoded += c;
        } else {
            const auto byte = static_cast<unsigned char>(c);
            encoded.append({'%', hex[byte >> 4U], hex[byte & 15U]});
        }
    }
    return encoded;
}

/// As written if that is a legal spelling, else decoded and encoded afresh.
std::optional<std::string> normalPath(std::string_view path)
{
    const auto decoded = decode(path);
    if (!decoded)
        return std::nullopt;
    const bool isLegal = std::all_of(path.begin(), path.end(), [](char c) {
        return isLetter(c) || isDigit(c) || isOneOf(c, "-_.~$&+,/:;=@!'()*[]%");
    });
    return isLegal || *decoded == "*" ? std::string(path) : encodePath(*decoded);
}

Error badUrl(std::string_view why)
{
    return {ErrorCode::InvalidArgument, std::string(why)};
}

bool isPortOrNothing(std::string_view text)
{
    return text.empty() || (text[0] == ':' && std::all_of(text.begin() + 1, text.end(), isDigit));
}

/// One "host:port". Brackets stand round IPv6 addresses only; a zone follows "%25".
Result<std::string> parseHost(std::string_view text)
{
    if (text.starts_with('[')) {
        const std::size_t end = text.rfind(']');
        if (end == std::string_view::npos)
            return badUrl("the '[' of the address has no ']'");
        std::string_view address = text.substr(1, end - 1);
        std::string zone;
        if (const std::size_t at = address.find("%25"); at != std::string_view::npos) {
            const auto decoded = decode(address.substr(at));
            if (!decoded)
                return badUrl("the zone of the IPv6 address cannot be decoded");
            zone = *decoded;
            address = address.substr(0, at);
        }
        if (address.find(':') == std::string_view::npos || !IpAddress::parse(address))
            return badUrl("what stands in brackets is not an IPv6 address");
        if (!isPortOrNothing(text.substr(end + 1)))
            return badUrl("the port is not a number");
        return "[" + std::string(address) + zone + "]" + std::string(text.substr(end + 1));
    }
    const std::size_t colon = text.find(':');
    if (colon != std::string_view::npos) {
        if (text.find(':', colon + 1) != std::string_view::npos)
            return badUrl("there are several colons; write an IPv6 address in brackets: [::1]:1080");
        if (!isPortOrNothing(text.substr(colon)))
            return badUrl("the port is not a number");
    }
    std::string host;
    for (std::size_t at = 0; at < text.size(); ++at) {
        const char c = text[at];
        if (c == '%') {
            // Only bytes beyond ASCII, and the percent sign itself, may be encoded in a host.
            const auto byte = decode(text.substr(at, 3));
            if (!byte || byte->size() != 1 || (hexDigit(text[at + 1]) < 8 && byte != "%"))
                return badUrl("the host holds a percent code that a host cannot have");
            host += *byte;
            at += 2;
        } else if (static_cast<unsigned char>(c) < 0x80 && !isLetter(c) && !isDigit(c) &&
                   !isOneOf(c, "-_.~!$&'()*+,;=:[]<>\"")) {
            return badUrl("the host holds a character that a host cannot have");
        } else {
            host += c;
        }
    }
    return host;
}

Result<std::string> parseHosts(std::string_view text)
{
    std::string hosts;
    while (true) {
        const std::size_t comma = text.find(',');
        auto host = parseHost(text.substr(0, comma));
        if (!host)
            return host;
        hosts += *host;
        if (comma == std::string_view::npos)
            return hosts;
        hosts += ',';
        text.remove_prefix(comma + 1);
    }
}

Result<UserInfo> parseUserInfo(std::string_view text)
{
    const bool isLegal = std::all_of(
        text.begin(), text.end(), [](char c) { return isLetter(c) || isDigit(c) || isOneOf(c, "-._:~!$&'()*+,;=%@"); });
    const std::size_t colon = text.find(':');
    const auto name = decode(text.substr(0, colon));
    if (!isLegal || !name)
        return badUrl("user or password holds a character that must be percent-encoded");
    UserInfo user{*name, std::nullopt};
    if (colon != std::string_view::npos) {
        user.password = decode(text.substr(colon + 1));
        if (!user.password)
            return badUrl("the password holds a '%' that must be written as %25");
    }
    return user;
}

/// The scheme's length; 0 when the text has none. An error when it starts with ':'.
Result<std::size_t> schemeLength(std::string_view text)
{
    for (std::size_t at = 0; at < text.size(); ++at) {
        const char c = text[at];
        if (c == ':' && at == 0)
            return badUrl("the scheme in front of \"://\" is missing");
        if (c == ':')
            return at;
        if (!isLetter(c) && (at == 0 || (!isDigit(c) && !isOneOf(c, "+-."))))
            break;
    }
    return std::size_t{0};
}

void parseQuery(std::string_view text, GoUrl &url)
{
    while (!text.empty()) {
        const std::size_t end = text.find('&');
        const std::string_view part = text.substr(0, end);
        text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
        if (part.empty())
            continue;
        const std::size_t equals = part.find('=');
        const auto key = decode(part.substr(0, equals), true);
        const auto value =
            equals == std::string_view::npos ? std::optional<std::string>("") : decode(part.substr(equals + 1), true);
        if (!key || !value || part.find(';') != std::string_view::npos)
            url.hasBadQuery = true;
        else
            url.query.emplace(*key, *value);
    }
}

} // namespace

Result<GoUrl> GoUrl::parse(std::string_view text)
{
    if (std::any_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < ' ' || c == 0x7f; }))
        return badUrl("there is a control character in the URL");
    const std::size_t hash = text.find('#');
    if (hash != std::string_view::npos && !decode(text.substr(hash + 1)))
        return badUrl("the part behind '#' cannot be decoded");
    text = text.substr(0, hash);

    GoUrl url;
    const auto length = schemeLength(text);
    if (!length)
        return length.error();
    if (*length == 0)
        return badUrl("what stands in front of \"://\" is not a scheme");
    for (const char c : text.substr(0, *length))
        url.scheme += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    text.remove_prefix(*length + 1);

    if (const std::size_t question = text.find('?'); question != std::string_view::npos) {
        parseQuery(text.substr(question + 1), url);
        text = text.substr(0, question);
    }
    if (!text.starts_with("//"))
        return badUrl("there must be \"://\" behind the scheme");
    text.remove_prefix(2);

    const std::size_t slash = text.find('/');
    std::string_view authority = text.substr(0, slash);
    if (const std::size_t at = authority.rfind('@'); at != std::string_view::npos) {
        auto user = parseUserInfo(authority.substr(0, at));
        if (!user)
            return user.error();
        url.user = *std::move(user);
        authority.remove_prefix(at + 1);
    }
    auto host = parseHosts(authority);
    if (!host)
        return host.error();
    url.host = *std::move(host);
    if (slash != std::string_view::npos) {
        auto path = normalPath(text.substr(slash));
        if (!path)
            return badUrl("the path holds a '%' that must be written as %25");
        url.path = *std::move(path);
    }
    return url;
}

bool GoUrl::isText() const
{
    const auto isGood = [](const std::string &text) {
        return firstBadByte(text) == std::string::npos && text.find('\0') == std::string::npos;
    };
    return isGood(host) && isGood(path) && (!user || (isGood(user->name) && isGood(user->password.value_or("")))) &&
           std::all_of(query.begin(), query.end(),
                       [&](const auto &pair) { return isGood(pair.first) && isGood(pair.second); });
}

std::string hostNameOf(std::string_view host)
{
    if (host.starts_with('[')) {
        const std::size_t end = host.find(']');
        return std::string(end == std::string_view::npos ? host : host.substr(1, end - 1));
    }
    const std::size_t colon = host.rfind(':');
    if (colon != std::string_view::npos && isPortOrNothing(host.substr(colon)))
        host = host.substr(0, colon);
    return std::string(host);
}

} // namespace sluice::config
