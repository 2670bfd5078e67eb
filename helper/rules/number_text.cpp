// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "helper/rules/number_text.h"

#include <array>
#include <charconv>

namespace sluice::rules {

std::string hexText(std::uint32_t number)
{
    std::array<char, 8> digits{};
    const auto [end, error] = std::to_chars(digits.data(), digits.data() + digits.size(), number, 16);
    static_cast<void>(error); // eight digits always fit
    return "0x" + std::string(digits.data(), end);
}

std::string markText(const plan::Mark &mark)
{
    return mark.mask == 0xffffffff ? hexText(mark.value) : hexText(mark.value) + "/" + hexText(mark.mask);
}

std::string joinNumbers(const std::vector<std::uint16_t> &numbers, std::string_view separator)
{
    std::string text;
    for (const std::uint16_t number : numbers)
        text.append(text.empty() ? "" : separator).append(std::to_string(number));
    return text;
}

} // namespace sluice::rules
