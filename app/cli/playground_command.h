// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
//
// sluicectl playground: a configuration proven on real traffic, in network namespaces of its own.
#pragma once

#include "app/cli/command.h"
#include "app/lab/playground.h"

#include <vector>

namespace sluice::cli {

/// What the words after `playground` ask for. Thread: any (plain value).
struct PlaygroundArguments
{
    std::vector<lab::Setup> setups;
    bool tutorialRules = false;
    bool keep = false;
    bool json = false;
    bool cleanOnly = false;
};

/// Errors: InvalidArgument, in one sentence that names the word.
[[nodiscard]] Result<PlaygroundArguments> parsePlaygroundArguments(std::span<const std::string> arguments);

[[nodiscard]] const Command &playgroundCommand();

} // namespace sluice::cli
