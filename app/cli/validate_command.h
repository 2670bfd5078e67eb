// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
//
// sluicectl validate: says what is wrong with a configuration. Needs no daemon, bus or root.
#pragma once

#include "app/cli/command.h"

namespace sluice::cli {

[[nodiscard]] Command validateCommand();

} // namespace sluice::cli
