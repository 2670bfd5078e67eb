// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
//
// IP addresses, endpoints (address and port) and CIDR prefixes as small values.
#pragma once

#include "helper/base/result.h"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <sys/socket.h>

namespace sluice {

enum class Family : std::uint8_t { IPv4 = 4, IPv6 = 6 };

/// One IPv4 or IPv6 address, without scope. Always in canonical form: an IPv4-mapped IPv6 address
/// (::ffff:a.b.c.d, RFC 4291 2.5.5.2) is stored as IPv4, so 127.0.0.5 and ::ffff:127.0.0.5 are equal.
/// Thread: any (plain value).
class IpAddress
{
public:
    IpAddress() = default; ///< 0.0.0.0
    static IpAddress fromIpv4(std::uint32_t hostOrder);
    static IpAddress fromBytes4(const std::uint8_t (&bytes)[4]);
    static IpAddress fromBytes16(const std::uint8_t (&bytes)[16]);
    static IpAddress any(Family family);
    static IpAddress loopback(Family family);
    /// Text as inet_pton(3) reads it; brackets and scopes are not accepted.
    static std::optional<IpAddress> parse(std::string_view text);

    [[nodiscard]] Family family() const { return m_family; }
    [[nodiscard]] bool isIpv4() const { return m_family == Family::IPv4; }
    [[nodiscard]] bool isIpv6() const { return m_family == Family::IPv6; }
    /// Network order; 4 bytes used for IPv4, 16 for IPv6, the rest is zero.
    [[nodiscard]] const std::array<std::uint8_t, 16> &bytes() const { return m_bytes; }
    [[nodiscard]] int bitLength() const { return isIpv4() ? 32 : 128; }

    [[nodiscard]] bool isUnspecified() const;
    [[nodiscard]] bool isLoopback() const;
    [[nodiscard]] bool isLinkLocal() const; ///< 169.254/16, fe80::/10
    [[nodiscard]] bool isMulticast() const;

    [[nodiscard]] std::string toString() const; ///< as inet_ntop(3) prints it

    friend bool operator==(const IpAddress &, const IpAddress &) = default;
    friend auto operator<=>(const IpAddress &, const IpAddress &) = default;

private:
    Family m_family = Family::IPv4;
    std::array<std::uint8_t, 16> m_bytes{};
};

/// An IP address and a port. Thread: any (plain value).
struct Endpoint
{
    IpAddress address;
    std::uint16_t port = 0;

    /// "1.2.3.4:80" or "[::1]:80".
    static std::optional<Endpoint> parse(std::string_view text);
    /// From a kernel address; nothing for families other than AF_INET and AF_INET6.
    static std::optional<Endpoint> fromSockaddr(const sockaddr_storage &storage);

    /// Fills `storage` and returns its length. `family` may ask for the IPv4-mapped form on an AF_INET6 socket.
    socklen_t toSockaddr(sockaddr_storage &storage) const;
    [[nodiscard]] std::string toString() const;

    friend bool operator==(const Endpoint &, const Endpoint &) = default;
    friend auto operator<=>(const Endpoint &, const Endpoint &) = default;
};

/// A prefix such as 10.0.0.0/8. Host bits are cleared on construction. Thread: any (plain value).
class Cidr
{
public:
    Cidr() = default;
    /// `length` is clamped to the family's bit length.
    Cidr(IpAddress address, int length);
    /// "10.0.0.0/8", "fd00::/8", or a bare address (a host prefix).
    static std::optional<Cidr> parse(std::string_view text);

    [[nodiscard]] const IpAddress &address() const { return m_address; }
    [[nodiscard]] int length() const { return m_length; }
    [[nodiscard]] Family family() const { return m_address.family(); }
    [[nodiscard]] bool contains(const IpAddress &address) const;
    [[nodiscard]] bool contains(const Cidr &other) const;
    [[nodiscard]] std::string toString() const; ///< always with "/length"

    friend bool operator==(const Cidr &, const Cidr &) = default;
    friend auto operator<=>(const Cidr &, const Cidr &) = default;

private:
    IpAddress m_address;
    int m_length = 0;
};

/// A host (name or literal address) and a port, as configuration files and proxies write it.
struct HostPort
{
    std::string host; ///< without brackets; may be empty (":8080")
    std::string port; ///< as written; may be empty

    /// Splits "host:port", "[v6]:port", ":port", "host", "[v6]", and a bare "v6". Never fails: text without a port
    /// is all host.
    static HostPort split(std::string_view text);
    [[nodiscard]] std::optional<std::uint16_t> portNumber() const; ///< 0..65535, decimal
};

/// "host:port", with brackets round a host that holds a colon.
[[nodiscard]] std::string joinHostPort(std::string_view host, std::uint16_t port);

} // namespace sluice
