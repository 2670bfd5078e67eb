// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
//
// Says what is wrong with a plan. The last gate before rule text: whatever passes here is safe to print into rules.
#pragma once

#include "helper/plan/interception_plan.h"

#include <string>
#include <string_view>
#include <vector>

namespace sluice::plan {

/// One sentence each, for people; empty when the plan can be used.
[[nodiscard]] std::vector<std::string> validate(const InterceptionPlan &plan);

/// 1 to 15 bytes of [A-Za-z0-9_.:@-], not starting with '-'. Stricter than the kernel: iptables takes "a b" and "-j".
[[nodiscard]] bool isInterfaceName(std::string_view name);

} // namespace sluice::plan
