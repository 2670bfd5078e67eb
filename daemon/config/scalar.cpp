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

/// Takes numbers and single characters off the front of a text.
class DigitReader
{
public:
    explicit DigitReader(std::string_view text)
        : m_rest(text)
    {
    }

    /// A run of digits, at least `fewest`; nothing if there are more than `most`.
    std::optional<int> number(std::size_t fewest, std::size_t most)
    {
        std::size_t length = 0;
        while (length < m_rest.size() && isDigit(m_rest[length]))
            ++length;
        if (length < fewest || length > most)
            return std::nullopt;
        int value = 0;
        for (const char digit : m_rest.substr(0, std::min<std::size_t>(length, 4)))
            value = value * 10 + (digit - '0');
        m_rest.remove_prefix(length);
        return value;
    }

    bool take(char c)
    {
        if (!m_rest.starts_with(c))
            return false;
        m_rest.remove_prefix(1);
        return true;
    }

    [[nodiscard]] bool isAtEnd() const { return m_rest.empty(); }
    [[nodiscard]] std::string_view rest() const { return m_rest; }

private:
    std::string_view m_rest;
};

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
    std::string plain(text);
    if (first != '.') {
        std::erase(plain, '_');
        if (const auto integer = parseAnyBase(plain))
            return Value(*integer);
        const Prefixed parts = splitBase(plain);
        if (const auto large = parseDigits(parts.digits, parts.base))
            return Value(static_cast<double>(*large));
    }
    if (isFloatText(plain)) {
        if (const auto number = parseFloat(plain))
            return Value(*number);
    }
    return Value(std::string(text));
}

bool looksLikeTimestamp(std::string_view text)
{
    // 2001-12-14, 2001-12-14 21:59:43.1, 2001-12-14T21:59:43Z, 2001-12-14t21:59:43+01:00
    DigitReader reader(text);
    const auto year = reader.number(4, 4);
    const bool hasMonth = reader.take('-');
    const auto month = reader.number(1, 2);
    const bool hasDay = reader.take('-');
    const auto day = reader.number(1, 2);
    if (!year || !hasMonth || !month || !hasDay || !day || *month < 1 || *month > 12 || *day < 1)
        return false;
    const bool isLeapYear = (*year % 4 == 0 && *year % 100 != 0) || *year % 400 == 0;
    constexpr int daysOf[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    if (*day > daysOf[*month - 1] + (*month == 2 && isLeapYear ? 1 : 0))
        return false;
    if (reader.isAtEnd())
        return true;
    const bool hasZone = !reader.take(' ');
    if (hasZone && !reader.take('T') && !reader.take('t'))
        return false;
    const auto hour = reader.number(1, 2);
    const bool hasMinute = reader.take(':');
    const auto minute = reader.number(1, 2);
    const bool hasSecond = reader.take(':');
    const auto second = reader.number(1, 2);
    if (!hour || !hasMinute || !minute || !hasSecond || !second || *hour > 23 || *minute > 59 || *second > 59)
        return false;
    if (reader.take('.') && !reader.number(1, 1000))
        return false;
    if (!hasZone || reader.take('Z'))
        return reader.isAtEnd();
    return (reader.take('+') || reader.take('-')) && reader.number(2, 2) && reader.take(':') && reader.number(2, 2) &&
           reader.isAtEnd();
}

bool looksLikeBase60(std::string_view text)
{
    // [-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?
    takeSign(text);
    const std::size_t colon = text.find(':');
    if (colon == std::string_view::npos || text.empty() || !isDigit(text[0]))
        return false;
    const auto isDigitOrUnderscore = [](char c) { return isDigit(c) || c == '_'; };
    if (!std::all_of(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(colon), isDigitOrUnderscore))
        return false;
    DigitReader reader(text.substr(colon));
    while (reader.take(':')) {
        const auto part = reader.number(1, 2);
        if (!part || *part > 59)
            return false;
    }
    const std::string_view rest = reader.rest();
    return rest.empty() || (rest[0] == '.' && std::all_of(rest.begin() + 1, rest.end(), isDigitOrUnderscore));
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
    std::string plain(text);
    std::erase(plain, '_');
    const Prefixed parts = splitBase(plain);
    return withSign(parseDigits(parts.digits, parts.base), isNegative);
}

} // namespace sluice::config
