// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/connector/wire.h"

#include "daemon/stream/stream.h"

#include <algorithm>
#include <cassert>

namespace sluice::connector {

namespace {

constexpr unsigned typeIpv4 = 1;
constexpr unsigned typeName = 3;
constexpr unsigned typeIpv6 = 4;
constexpr std::size_t maxName = 255;
constexpr std::size_t maxPrintable = 100;

} // namespace

void append8(Bytes &bytes, unsigned value)
{
    bytes.push_back(static_cast<std::byte>(value));
}

void append16(Bytes &bytes, unsigned value)
{
    append8(bytes, value >> 8);
    append8(bytes, value);
}

void appendText(Bytes &bytes, std::string_view text)
{
    const auto raw = stream::bytesOf(text);
    bytes.insert(bytes.end(), raw.begin(), raw.end());
}

unsigned read8(std::span<const std::byte> bytes, std::size_t at)
{
    return std::to_integer<unsigned>(bytes[at]);
}

unsigned read16(std::span<const std::byte> bytes, std::size_t at)
{
    return read8(bytes, at) << 8 | read8(bytes, at + 1);
}

void appendAddress(Bytes &bytes, const Target &target)
{
    assert(!addressTrouble(target));
    if (const auto literal = target.literal()) {
        const std::size_t length = literal->isIpv4() ? 4 : 16;
        append8(bytes, literal->isIpv4() ? typeIpv4 : typeIpv6);
        const auto raw = std::as_bytes(std::span(literal->bytes()).first(length));
        bytes.insert(bytes.end(), raw.begin(), raw.end());
    } else {
        append8(bytes, typeName);
        append8(bytes, static_cast<unsigned>(target.host.size()));
        appendText(bytes, target.host);
    }
    append16(bytes, target.port);
}

std::optional<Error> addressTrouble(const Target &target)
{
    if (target.host.empty() || target.host.size() > maxName || target.host.find('\0') != std::string::npos)
        return Error{ErrorCode::InvalidArgument,
                     "'" + printable(target.host) + "' is no host name that a proxy can be asked for", 0};
    return std::nullopt;
}

ParsedAddress parseAddress(std::span<const std::byte> bytes)
{
    ParsedAddress parsed;
    if (bytes.empty())
        return parsed;
    switch (read8(bytes, 0)) {
    case typeIpv4: parsed.length = 1 + 4 + 2; break;
    case typeIpv6: parsed.length = 1 + 16 + 2; break;
    case typeName:
        if (bytes.size() < 2)
            return parsed;
        parsed.length = 2 + read8(bytes, 1) + 2;
        break;
    default: parsed.kind = ParsedAddress::Kind::UnknownType; return parsed;
    }
    if (bytes.size() < parsed.length)
        return parsed;
    parsed.kind = ParsedAddress::Kind::Complete;
    parsed.target.port = static_cast<std::uint16_t>(read16(bytes, parsed.length - 2));
    const auto host = bytes.subspan(1, parsed.length - 3);
    if (read8(bytes, 0) == typeName) {
        parsed.target.host = stream::textOf(host.subspan(1));
        if (addressTrouble(parsed.target))
            parsed.kind = ParsedAddress::Kind::BadName;
    } else if (host.size() == 4) {
        std::uint8_t raw[4];
        std::transform(host.begin(), host.end(), raw,
                       [](std::byte byte) { return std::to_integer<std::uint8_t>(byte); });
        parsed.target.host = IpAddress::fromBytes4(raw).toString();
    } else {
        std::uint8_t raw[16];
        std::transform(host.begin(), host.end(), raw,
                       [](std::byte byte) { return std::to_integer<std::uint8_t>(byte); });
        parsed.target.host = IpAddress::fromBytes16(raw).toString();
    }
    return parsed;
}

std::string printable(std::string_view text)
{
    std::string clean(text.substr(0, maxPrintable));
    std::replace_if(
        clean.begin(), clean.end(), [](char c) { return c < ' ' || c > '~'; }, '?');
    return clean;
}

} // namespace sluice::connector
