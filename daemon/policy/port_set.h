// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
//
// The ports behind a pattern: "", "443" or "1000-2000".
#pragma once

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace sluice::policy {

/// Ports from `low` to `high`, both included. Thread: any (plain value).
struct PortRange
{
    std::uint16_t low = 0;
    std::uint16_t high = 65535;

    [[nodiscard]] bool contains(std::uint16_t port) const { return low <= port && port <= high; }
    [[nodiscard]] bool isAll() const { return low == 0 && high == 65535; }

    /// "443" or "1000-2000"; nothing for anything else.
    static std::optional<PortRange> parse(std::string_view text)
    {
        const auto number = [](std::string_view digits) -> std::optional<std::uint16_t> {
            std::uint16_t value = 0;
            const char *last = digits.data() + digits.size();
            const auto [end, error] = std::from_chars(digits.data(), last, value);
            return error == std::errc{} && end == last ? std::optional(value) : std::nullopt;
        };
        const auto dash = text.find('-');
        const auto low = number(text.substr(0, dash));
        const auto high = dash == std::string_view::npos ? low : number(text.substr(dash + 1));
        if (!low || !high || *low > *high)
            return std::nullopt;
        return PortRange{*low, *high};
    }
};

/// Any of some ranges; none contains nothing. Thread: any (plain value).
class PortSet
{
public:
    void insert(PortRange range)
    {
        if (range.isAll())
            m_ranges.clear();
        if (m_ranges.empty() || !m_ranges.front().isAll())
            m_ranges.push_back(range);
    }
    [[nodiscard]] bool contains(std::uint16_t port) const
    {
        return std::any_of(m_ranges.begin(), m_ranges.end(), [port](PortRange range) { return range.contains(port); });
    }

private:
    std::vector<PortRange> m_ranges;
};

} // namespace sluice::policy
