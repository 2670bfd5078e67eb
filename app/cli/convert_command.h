// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
//
// sluicectl convert: from files and URLs to GOST's YAML, JSON or command line.
#pragma once

#include "app/cli/command.h"

namespace sluice::cli {

[[nodiscard]] Command convertCommand();

} // namespace sluice::cli
