// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
//
// One word of sluicectl. Each command is one file pair (convert_command.h, .cpp) and one line in main.cpp.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace sluice::cli {

/// Exit codes of sluicectl, documented in sluicectl(1).
enum ExitCode : int {
    Done = 0,
    OtherError = 1,
    WrongUsage = 2,
    ConfigInvalid = 3,
    NotAuthorised = 4,
    ServiceUnreachable = 5,
    NotFound = 6,
    ApplyFailed = 7,
    TestFailed = 20,
};

/// A word with its help and its work. `run` gets the arguments after the word, prints data to stdout and messages to
/// stderr, and returns an ExitCode. `--help` and `-h` are answered by main.
struct Command
{
    std::string_view name;
    std::string_view summary; ///< one line, no full stop
    std::string_view help;    ///< usage, options, examples
    int (*run)(std::span<const std::string> arguments);
};

} // namespace sluice::cli
