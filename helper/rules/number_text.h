// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
//
// Numbers as the rule tools print them.
#pragma once

#include "helper/plan/interception_plan.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::rules {

/// "0x64"
[[nodiscard]] std::string hexText(std::uint32_t number);

/// "0x64", or "0x1000/0x3000" when not all bits count.
[[nodiscard]] std::string markText(const plan::Mark &mark);

[[nodiscard]] std::string joinNumbers(const std::vector<std::uint16_t> &numbers, std::string_view separator);

} // namespace sluice::rules
