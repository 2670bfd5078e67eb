// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
//
// Plan to rules: the heart of interception, as a pure function.
#pragma once

#include "helper/plan/interception_plan.h"
#include "helper/rules/rule_set.h"

namespace sluice::rules {

/// The rules of a valid plan (plan_validator.h). Both back ends print the same set.
[[nodiscard]] RuleSet buildRules(const plan::InterceptionPlan &plan);

} // namespace sluice::rules
