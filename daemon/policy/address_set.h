// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
//
// A set of IP addresses made of single addresses, prefixes and ranges.
#pragma once

#include "helper/base/ip_address.h"

#include <optional>
#include <string_view>
#include <vector>

namespace sluice::policy {

/// Addresses from `low` to `high` of one family, both included. Thread: any (plain value).
struct AddressRange
{
    IpAddress low, high;

    /// "10.0.0.0/8", "192.0.2.1" or "192.0.2.1-192.0.2.9", also for IPv6; nothing for anything else.
    static std::optional<AddressRange> parse(std::string_view text);
};

/// Sorted ranges without overlap: a look-up is one binary search, whatever the number of patterns.
/// Thread: any, after construction.
class AddressSet
{
public:
    AddressSet() = default;
    explicit AddressSet(std::vector<AddressRange> ranges);

    [[nodiscard]] bool contains(const IpAddress &address) const;
    [[nodiscard]] bool isEmpty() const { return m_ranges.empty(); }

private:
    std::vector<AddressRange> m_ranges;
};

} // namespace sluice::policy
