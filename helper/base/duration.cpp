// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "helper/base/duration.h"

#include <array>
#include <cstdint>
#include <limits>
#include <utility>

namespace sluice {

namespace {

struct Unit
{
    std::string_view name;
    std::int64_t nanoseconds;
};

// Longest names first, so that "ms" is not read as "m".
constexpr std::array<Unit, 8> units{{{"ns", 1},
                                     {"us", 1'000},
                                     {"\u00b5s", 1'000}, // micro sign
                                     {"\u03bcs", 1'000}, // Greek mu
                                     {"ms", 1'000'000},
                                     {"s", 1'000'000'000},
                                     {"m", 60'000'000'000},
                                     {"h", 3'600'000'000'000}}};

const Unit *unitAt(std::string_view text)
{
    for (const Unit &unit : units) {
        if (text.starts_with(unit.name))
            return &unit;
    }
    return nullptr;
}

bool isDigit(char c)
{
    return c >= '0' && c <= '9';
}

/// The fraction digits of `value` over `unit`, without trailing zeros: ".5".
std::string fraction(std::int64_t value, std::int64_t unit)
{
    std::string digits;
    for (std::int64_t rest = value % unit; rest != 0; rest = rest % unit) {
        rest *= 10;
        digits += static_cast<char>('0' + rest / unit);
    }
    return digits.empty() ? digits : "." + digits;
}

} // namespace

std::optional<Duration> parseDuration(std::string_view text)
{
    bool isNegative = false;
    if (!text.empty() && (text[0] == '+' || text[0] == '-')) {
        isNegative = text[0] == '-';
        text.remove_prefix(1);
    }
    if (text == "0")
        return Duration{0};
    if (text.empty())
        return std::nullopt;

    constexpr auto limit = static_cast<long double>(std::numeric_limits<std::int64_t>::max());
    long double total = 0;
    while (!text.empty()) {
        std::size_t end = 0;
        long double number = 0;
        bool hasDigits = false;
        for (; end < text.size() && isDigit(text[end]); ++end, hasDigits = true)
            number = number * 10 + (text[end] - '0');
        if (end < text.size() && text[end] == '.') {
            ++end;
            for (long double scale = 0.1L; end < text.size() && isDigit(text[end]); ++end, scale /= 10, hasDigits = true)
                number += scale * (text[end] - '0');
        }
        const Unit *unit = unitAt(text.substr(end));
        if (!hasDigits || unit == nullptr)
            return std::nullopt;
        total += number * static_cast<long double>(unit->nanoseconds);
        if (total > limit)
            return std::nullopt;
        text.remove_prefix(end + unit->name.size());
    }
    const auto count = static_cast<std::int64_t>(total + 0.5L);
    return Duration{isNegative ? -count : count};
}

std::string formatDuration(Duration duration)
{
    const std::int64_t count = duration.count();
    if (count == 0)
        return "0s";
    if (count < 0) {
        if (count == std::numeric_limits<std::int64_t>::min())
            return "-2562047h47m16.854775808s";
        return "-" + formatDuration(-duration);
    }
    const auto withUnit = [count](std::int64_t unit, std::string_view name) {
        return std::to_string(count / unit) + fraction(count, unit) + std::string(name);
    };
    if (count < 1'000)
        return std::to_string(count) + "ns";
    if (count < 1'000'000)
        return withUnit(1'000, "\u00b5s");
    if (count < 1'000'000'000)
        return withUnit(1'000'000, "ms");

    constexpr std::int64_t second = 1'000'000'000;
    const std::int64_t hours = count / (3600 * second);
    const std::int64_t minutes = count / (60 * second) % 60;
    std::string text;
    if (hours > 0)
        text += std::to_string(hours) + "h";
    if (hours > 0 || minutes > 0)
        text += std::to_string(minutes) + "m";
    const std::int64_t rest = count % (60 * second);
    return text + std::to_string(rest / second) + fraction(rest, second) + "s";
}

} // namespace sluice
