// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "helper/base/ip_address.h"

#include <algorithm>
#include <arpa/inet.h>
#include <charconv>
#include <cstring>
#include <netinet/in.h>

namespace sluice {

namespace {

template <typename Number>
std::optional<Number> parseNumber(std::string_view text)
{
    Number number{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || end != text.data() + text.size() || text.empty())
        return std::nullopt;
    return number;
}

void clearHostBits(std::array<std::uint8_t, 16> &bytes, int length)
{
    for (int bit = length; bit < 128; ++bit)
        bytes[static_cast<std::size_t>(bit / 8)] &= static_cast<std::uint8_t>(~(0x80U >> (bit % 8)));
}

} // namespace

IpAddress IpAddress::fromIpv4(std::uint32_t hostOrder)
{
    const std::uint8_t bytes[4] = {static_cast<std::uint8_t>(hostOrder >> 24), static_cast<std::uint8_t>(hostOrder >> 16),
                                   static_cast<std::uint8_t>(hostOrder >> 8), static_cast<std::uint8_t>(hostOrder)};
    return fromBytes4(bytes);
}

IpAddress IpAddress::fromBytes4(const std::uint8_t (&bytes)[4])
{
    IpAddress address;
    std::copy(std::begin(bytes), std::end(bytes), address.m_bytes.begin());
    return address;
}

IpAddress IpAddress::fromBytes16(const std::uint8_t (&bytes)[16])
{
    static constexpr std::uint8_t mappedPrefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    if (std::equal(std::begin(mappedPrefix), std::end(mappedPrefix), std::begin(bytes))) {
        const std::uint8_t low[4] = {bytes[12], bytes[13], bytes[14], bytes[15]};
        return fromBytes4(low);
    }
    IpAddress address;
    address.m_family = Family::IPv6;
    std::copy(std::begin(bytes), std::end(bytes), address.m_bytes.begin());
    return address;
}

IpAddress IpAddress::any(Family family)
{
    IpAddress address;
    address.m_family = family;
    return address;
}

IpAddress IpAddress::loopback(Family family)
{
    IpAddress address = any(family);
    if (family == Family::IPv4)
        address.m_bytes = {127, 0, 0, 1};
    else
        address.m_bytes[15] = 1;
    return address;
}

std::optional<IpAddress> IpAddress::parse(std::string_view text)
{
    if (text.size() >= INET6_ADDRSTRLEN)
        return std::nullopt;
    char buffer[INET6_ADDRSTRLEN] = {};
    std::memcpy(buffer, text.data(), text.size());
    if (std::strlen(buffer) != text.size())
        return std::nullopt; // a NUL inside
    std::uint8_t bytes4[4];
    if (::inet_pton(AF_INET, buffer, bytes4) == 1)
        return fromBytes4(bytes4);
    std::uint8_t bytes16[16];
    if (::inet_pton(AF_INET6, buffer, bytes16) == 1)
        return fromBytes16(bytes16);
    return std::nullopt;
}

bool IpAddress::isUnspecified() const
{
    return std::all_of(m_bytes.begin(), m_bytes.end(), [](std::uint8_t byte) { return byte == 0; });
}

bool IpAddress::isLoopback() const
{
    return isIpv4() ? m_bytes[0] == 127 : *this == loopback(Family::IPv6);
}

bool IpAddress::isLinkLocal() const
{
    return isIpv4() ? m_bytes[0] == 169 && m_bytes[1] == 254 : m_bytes[0] == 0xfe && (m_bytes[1] & 0xc0) == 0x80;
}

bool IpAddress::isMulticast() const
{
    return isIpv4() ? (m_bytes[0] & 0xf0) == 0xe0 : m_bytes[0] == 0xff;
}

std::string IpAddress::toString() const
{
    char buffer[INET6_ADDRSTRLEN];
    ::inet_ntop(isIpv4() ? AF_INET : AF_INET6, m_bytes.data(), buffer, sizeof buffer);
    return buffer;
}

std::optional<Endpoint> Endpoint::parse(std::string_view text)
{
    const HostPort parts = HostPort::split(text);
    const auto address = IpAddress::parse(parts.host);
    const auto port = parts.portNumber();
    if (!address || !port)
        return std::nullopt;
    return Endpoint{*address, *port};
}

std::optional<Endpoint> Endpoint::fromSockaddr(const sockaddr_storage &storage)
{
    if (storage.ss_family == AF_INET) {
        sockaddr_in v4;
        std::memcpy(&v4, &storage, sizeof v4);
        return Endpoint{IpAddress::fromIpv4(ntohl(v4.sin_addr.s_addr)), ntohs(v4.sin_port)};
    }
    if (storage.ss_family == AF_INET6) {
        sockaddr_in6 v6;
        std::memcpy(&v6, &storage, sizeof v6);
        std::uint8_t bytes[16];
        std::memcpy(bytes, &v6.sin6_addr, sizeof bytes);
        return Endpoint{IpAddress::fromBytes16(bytes), ntohs(v6.sin6_port)};
    }
    return std::nullopt;
}

socklen_t Endpoint::toSockaddr(sockaddr_storage &storage) const
{
    storage = {};
    if (address.isIpv4()) {
        sockaddr_in v4{};
        v4.sin_family = AF_INET;
        v4.sin_port = htons(port);
        std::memcpy(&v4.sin_addr, address.bytes().data(), 4);
        std::memcpy(&storage, &v4, sizeof v4);
        return sizeof v4;
    }
    sockaddr_in6 v6{};
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(port);
    std::memcpy(&v6.sin6_addr, address.bytes().data(), 16);
    std::memcpy(&storage, &v6, sizeof v6);
    return sizeof v6;
}

std::string Endpoint::toString() const
{
    return joinHostPort(address.toString(), port);
}

Cidr::Cidr(IpAddress address, int length) : m_length(std::clamp(length, 0, address.bitLength()))
{
    auto bytes = address.bytes();
    clearHostBits(bytes, m_length);
    if (address.isIpv4()) {
        const std::uint8_t low[4] = {bytes[0], bytes[1], bytes[2], bytes[3]};
        m_address = IpAddress::fromBytes4(low);
    } else {
        std::uint8_t all[16];
        std::copy(bytes.begin(), bytes.end(), std::begin(all));
        m_address = IpAddress::fromBytes16(all);
        if (m_address.isIpv4()) // ::ffff:0:0/96 and longer became IPv4
            m_length = std::max(0, m_length - 96);
    }
}

std::optional<Cidr> Cidr::parse(std::string_view text)
{
    const auto slash = text.find('/');
    const auto address = IpAddress::parse(text.substr(0, slash));
    if (!address)
        return std::nullopt;
    if (slash == std::string_view::npos)
        return Cidr(*address, address->bitLength());
    const auto length = parseNumber<int>(text.substr(slash + 1));
    const bool writtenAsIpv6 = text.substr(0, slash).find(':') != std::string_view::npos;
    if (!length || *length < 0 || *length > (writtenAsIpv6 ? 128 : 32))
        return std::nullopt;
    if (writtenAsIpv6 && address->isIpv4()) { // ::ffff:10.0.0.0/104 means 10.0.0.0/8
        if (*length < 96)
            return std::nullopt;
        return Cidr(*address, *length - 96);
    }
    return Cidr(*address, *length);
}

bool Cidr::contains(const IpAddress &address) const
{
    return address.family() == family() && Cidr(address, m_length).m_address == m_address;
}

bool Cidr::contains(const Cidr &other) const
{
    return other.m_length >= m_length && contains(other.m_address);
}

std::string Cidr::toString() const
{
    return m_address.toString() + '/' + std::to_string(m_length);
}

HostPort HostPort::split(std::string_view text)
{
    if (!text.empty() && text.front() == '[') {
        const auto close = text.find(']');
        if (close != std::string_view::npos) {
            HostPort parts{std::string(text.substr(1, close - 1)), {}};
            if (close + 1 < text.size() && text[close + 1] == ':')
                parts.port = text.substr(close + 2);
            return parts;
        }
    }
    const auto colon = text.rfind(':');
    if (colon == std::string_view::npos || text.find(':') != colon) // none, or a bare IPv6 address
        return {std::string(text), {}};
    return {std::string(text.substr(0, colon)), std::string(text.substr(colon + 1))};
}

std::optional<std::uint16_t> HostPort::portNumber() const
{
    return parseNumber<std::uint16_t>(port);
}

std::string joinHostPort(std::string_view host, std::uint16_t port)
{
    std::string text;
    if (host.find(':') != std::string_view::npos)
        text.append("[").append(host).append("]");
    else
        text.append(host);
    return text.append(":").append(std::to_string(port));
}

} // namespace sluice
