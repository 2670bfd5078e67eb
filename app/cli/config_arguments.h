// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
//
// The arguments that name a configuration (-L, -F, -C, files), and how remarks about it are printed.
#pragma once

#include "daemon/config/issue.h"
#include "daemon/config/loader.h"

#include <span>
#include <string>

namespace sluice::cli {

/// What a word was given.
struct ConfigArguments
{
    config::CommandLine commandLine; ///< files are -C and the arguments without option
    std::string output;              ///< -O, empty when not given
    std::string error;               ///< one sentence when the arguments are wrong, else empty
};

/// `knowsOutput`: -O is allowed.
[[nodiscard]] ConfigArguments parseConfigArguments(std::span<const std::string> arguments, bool knowsOutput);

/// One line per issue to stderr.
void printIssues(const config::Issues &issues);

} // namespace sluice::cli
