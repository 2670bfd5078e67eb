// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
//
// CommandRunner by posix_spawn.
#pragma once

#include "helper/apply/command_runner.h"

#include <chrono>

namespace sluice::apply {

/// Finds tools in fixed folders, not in PATH, and runs them with an empty environment in a process group of their own,
/// so that Ctrl-C does not stop them half-way. Descriptors without close-on-exec are inherited on purpose: the lock of
/// RuleApplier stays taken until the last tool has ended.
/// Thread: any, one call at a time.  Blocks up to `timeout`.  Limits: timeout 10 s, output per call.
class ProcessRunner : public CommandRunner
{
public:
    explicit ProcessRunner(std::vector<std::string> folders,
                           std::chrono::milliseconds timeout = std::chrono::seconds(10));

    Result<CommandOutput> run(const std::vector<std::string> &words, std::string_view input = {},
                              std::size_t outputLimit = defaultOutputLimit) override;
    [[nodiscard]] bool has(const std::string &tool) const override { return !find(tool).empty(); }

private:
    [[nodiscard]] std::string find(const std::string &tool) const;

    const std::vector<std::string> m_folders;
    const std::chrono::milliseconds m_timeout;
};

} // namespace sluice::apply
