// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/config/scalar.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>

namespace sluice::config {

namespace {

bool isDigit(char c)
{
    return c >= '0' && c <= '9';
}

bool isOneOf(std::string_view text, std::initializer_list<std::string_view> words)
{
    return std::find(words.begin(), words.end(), text) != words.end();
}

std::optional<std::uint64_t> parseDigits(std::string_view digits, int base)
{
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number, base);
    if (digits.empty() || error != std::errc() || end != digits.data() + digits.size())
        return std::nullopt;
    return number;
}

std::optional<std::int64_t> withSign(std::optional<std::uint64_t> number, bool isNegative)
{
    constexpr auto limit = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
    if (!number || *number > limit + (isNegative ? 1 : 0))
        return std::nullopt;
    return isNegative ? static_cast<std::int64_t>(0 - *number) : static_cast<std::int64_t>(*number);
}

/// Takes the sign off; true for '-'.
bool takeSign(std::string_view &text)
{
    const bool isNegative = text.starts_with('-');
    if (isNegative || text.starts_with('+'))
        text.remove_prefix(1);
    return isNegative;
}

struct Prefixed
{
    int base = 10;
    std::string_view digits;
};

/// The base that a prefix says, and the digits after it. A leading zero alone means octal.
Prefixed splitBase(std::string_view text)
{
    if (text.size() > 1 && text[0] == '0') {
        switch (text[1]) {
        case 'x':
        case 'X': return {16, text.substr(2)};
        case 'o':
        case 'O': return {8, text.substr(2)};
        case 'b':
        case 'B': return {2, text.substr(2)};
        default: return {8, text.substr(1)};
        }
    }
    return {10, text};
}

/// Go allows an underscore only between digits, or between the base prefix and a digit.
bool hasLegalUnderscores(std::string_view text)
{
    if (splitBase(text).base == 10)
        return text.find('_') == std::string_view::npos;
    char before = '0';
    for (const char c : text.substr(1)) {
        if (c == '_' && before == '_')
            return false;
        before = c;
    }
    return before != '_';
}

/// [-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?
bool isFloatText(std::string_view text)
{
    takeSign(text);
    std::size_t at = 0;
    const auto digits = [&text, &at] {
        const std::size_t start = at;
        while (at < text.size() && isDigit(text[at]))
            ++at;
        return at - start;
    };
    const std::size_t whole = digits();
    if (at < text.size() && text[at] == '.') {
        ++at;
        if (digits() == 0 && whole == 0)
            return false;
    } else if (whole == 0) {
        return false;
    }
    if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
        ++at;
        if (at < text.size() && (text[at] == '-' || text[at] == '+'))
            ++at;
        if (digits() == 0)
            return false;
    }
    return at == text.size();
}

std::optional<double> parseFloat(std::string_view text)
{
    if (text.starts_with('+')) // from_chars takes no plus sign
        text.remove_prefix(1);
    double number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size())
        return std::nullopt;
    return number;
}

} // namespace

Value resolvePlainScalar(std::string_view text)
{
    if (isOneOf(text, {"", "~", "null", "Null", "NULL"}))
        return Value();
    if (isOneOf(text, {"true", "True", "TRUE"}))
        return Value(true);
    if (isOneOf(text, {"false", "False", "FALSE"}))
        return Value(false);
    if (isOneOf(text, {".nan", ".NaN", ".NAN"}))
        return Value(std::numeric_limits<double>::quiet_NaN());
    if (isOneOf(text, {".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"}))
        return Value(std::numeric_limits<double>::infinity());
    if (isOneOf(text, {"-.inf", "-.Inf", "-.INF"}))
        return Value(-std::numeric_limits<double>::infinity());

    const char first = text[0];
    if (!isDigit(first) && first != '+' && first != '-' && first != '.')
        return Value(std::string(text));
    std::string plain;
    std::copy_if(text.begin(), text.end(), std::back_inserter(plain), [](char c) { return c != '_'; });
    if (first != '.') {
        if (const auto integer = parseAnyBase(plain))
            return Value(*integer);
    }
    if (isFloatText(plain)) {
        if (const auto number = parseFloat(plain))
            return Value(*number);
    }
    return Value(std::string(text));
}

bool looksLikeTimestamp(std::string_view text)
{
    // 2001-12-14, 2001-12-14 21:59:43, 2001-12-14T21:59:43Z
    constexpr std::size_t shortest = std::string_view("2001-1-1").size();
    if (text.size() < shortest || text[4] != '-' || !std::all_of(text.begin(), text.begin() + 4, isDigit))
        return false;
    std::size_t at = 5;
    const auto number = [&text, &at] {
        const std::size_t start = at;
        while (at < text.size() && isDigit(text[at]))
            ++at;
        return at > start && at - start <= 2;
    };
    if (!number() || at >= text.size() || text[at++] != '-' || !number())
        return false;
    return at == text.size() || text[at] == 'T' || text[at] == 't' || text[at] == ' ';
}

std::optional<bool> parseGoBoolean(std::string_view text)
{
    if (isOneOf(text, {"1", "t", "T", "TRUE", "true", "True"}))
        return true;
    if (isOneOf(text, {"0", "f", "F", "FALSE", "false", "False"}))
        return false;
    return std::nullopt;
}

std::optional<std::int64_t> parseDecimal(std::string_view text)
{
    const bool isNegative = takeSign(text);
    return withSign(parseDigits(text, 10), isNegative);
}

std::optional<std::int64_t> parseDecimalOrHex(std::string_view text)
{
    if (const auto number = parseDecimal(text))
        return number;
    if (text.starts_with("0x") || text.starts_with("0X"))
        return withSign(parseDigits(text.substr(2), 16), false);
    return std::nullopt;
}

std::optional<std::int64_t> parseAnyBase(std::string_view text)
{
    const bool isNegative = takeSign(text);
    if (!hasLegalUnderscores(text))
        return std::nullopt;
    std::string plain;
    std::copy_if(text.begin(), text.end(), std::back_inserter(plain), [](char c) { return c != '_'; });
    const Prefixed parts = splitBase(plain);
    return withSign(parseDigits(parts.digits, parts.base), isNegative);
}

} // namespace sluice::config
