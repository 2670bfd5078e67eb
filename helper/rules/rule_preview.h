// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
//
// Rules as commands that a person may read, copy and run. Pure.
#pragma once

#include "helper/plan/interception_plan.h"

#include <string>

namespace sluice::rules {

enum class Direction { Apply, Undo };

/// One command per line, runnable by sh: ip, then iptables and ip6tables or nft; the reverse for Undo.
/// The plan must be valid.
[[nodiscard]] std::string previewText(const plan::InterceptionPlan &plan, Direction direction);

} // namespace sluice::rules
