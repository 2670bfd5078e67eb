// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
//
// Ip rules and routes as arguments of the `ip` tool. Pure.
#pragma once

#include "helper/rules/rule_set.h"

#include <string>
#include <vector>

namespace sluice::rules {

using Arguments = std::vector<std::string>; ///< the first is "ip"

enum class Verb { Add, Delete };

[[nodiscard]] Arguments ipRuleArguments(const IpRule &rule, Verb verb);
[[nodiscard]] Arguments routeArguments(const LocalRoute &route, Verb verb);

/// All of a set in the order that harms no packet: routes, then the rules that lead to them; the reverse for Delete.
[[nodiscard]] std::vector<Arguments> routingCommands(const RuleSet &rules, Verb verb);

} // namespace sluice::rules
