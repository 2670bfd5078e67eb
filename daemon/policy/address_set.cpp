// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/policy/address_set.h"

#include <algorithm>
#include <utility>

namespace sluice::policy {

namespace {

/// The last address of a prefix: all host bits set.
IpAddress lastOf(const Cidr &cidr)
{
    std::uint8_t bytes[16];
    std::copy(cidr.address().bytes().begin(), cidr.address().bytes().end(), std::begin(bytes));
    for (int bit = cidr.length(); bit < cidr.address().bitLength(); ++bit)
        bytes[bit / 8] |= static_cast<std::uint8_t>(0x80U >> (bit % 8));
    if (cidr.family() == Family::IPv6)
        return IpAddress::fromBytes16(bytes);
    return IpAddress::fromBytes4({bytes[0], bytes[1], bytes[2], bytes[3]});
}

} // namespace

std::optional<AddressRange> AddressRange::parse(std::string_view text)
{
    if (const auto cidr = Cidr::parse(text))
        return AddressRange{cidr->address(), lastOf(*cidr)};
    const auto dash = text.find('-');
    if (dash == std::string_view::npos)
        return std::nullopt;
    const auto low = IpAddress::parse(text.substr(0, dash));
    const auto high = IpAddress::parse(text.substr(dash + 1));
    if (!low || !high || low->family() != high->family() || *high < *low)
        return std::nullopt;
    return AddressRange{*low, *high};
}

AddressSet::AddressSet(std::vector<AddressRange> ranges)
    : m_ranges(std::move(ranges))
{
    std::sort(m_ranges.begin(), m_ranges.end(), [](const auto &a, const auto &b) { return a.low < b.low; });
    std::size_t kept = 0;
    for (const AddressRange &range : m_ranges) {
        // IPv4 sorts before IPv6, so a range never grows over the families' border.
        if (kept > 0 && range.low <= m_ranges[kept - 1].high)
            m_ranges[kept - 1].high = std::max(m_ranges[kept - 1].high, range.high);
        else
            m_ranges[kept++] = range;
    }
    m_ranges.resize(kept);
}

bool AddressSet::contains(const IpAddress &address) const
{
    const auto after =
        std::upper_bound(m_ranges.begin(), m_ranges.end(), address,
                         [](const IpAddress &value, const AddressRange &range) { return value < range.low; });
    return after != m_ranges.begin() && address <= std::prev(after)->high;
}

} // namespace sluice::policy
