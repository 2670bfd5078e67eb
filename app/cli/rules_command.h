// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
//
// sluicectl rules: what interception of a configuration means in rules. "script" works without daemon, bus or root.
#pragma once

#include "app/cli/command.h"

namespace sluice::cli {

[[nodiscard]] Command rulesCommand();

} // namespace sluice::cli
