// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
//
// Runs the rule tools. An interface, so that a test can put faults between us and the kernel.
#pragma once

#include "helper/base/result.h"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::apply {

struct CommandOutput
{
    int exitCode = 0; ///< 128 + signal when a signal ended it
    std::string output;
    std::string errors;

    [[nodiscard]] bool isSuccess() const { return exitCode == 0; }
};

/// Runs one program and waits for it. Never a shell: words stay words.
class CommandRunner
{
public:
    static constexpr std::size_t defaultOutputLimit = 64 * 1024;

    CommandRunner() = default;
    CommandRunner(const CommandRunner &) = delete;
    CommandRunner &operator=(const CommandRunner &) = delete;
    virtual ~CommandRunner() = default;

    /// The first word is the tool's bare name; `input` is its standard input. Errors: NotFound without the tool,
    /// Timeout, Exhausted when it prints more than `outputLimit`. An exit code other than 0 is no error here.
    virtual Result<CommandOutput> run(const std::vector<std::string> &words, std::string_view input = {},
                                      std::size_t outputLimit = defaultOutputLimit) = 0;
    [[nodiscard]] virtual bool has(const std::string &tool) const = 0;
};

} // namespace sluice::apply
