// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
//
// Asks kernel and tools whether they know every piece of a rule set, without changing anything.
#pragma once

#include "helper/apply/rule_tools.h"
#include "helper/plan/interception_plan.h"
#include "helper/rules/rule_set.h"

namespace sluice::apply {

/// Error: Unsupported, with the name of the missing match or target ("TPROXY", "socket"), or what nft said.
[[nodiscard]] Result<void> probe(RuleTools &tools, const rules::RuleSet &rules, plan::BackEnd backEnd);

} // namespace sluice::apply
