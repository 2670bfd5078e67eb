// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/cli/validate_command.h"

#include "app/cli/config_arguments.h"

#include <cstdio>

namespace sluice::cli {

namespace {

constexpr std::string_view help = R"(usage: sluicectl validate FILE… | [-L URL]… [-F URL]… [-C FILE]…

Reads a configuration as sluiced would and says what is wrong with it, one remark per line:
  file:line:column: severity: path: text (id)
Severities: error (sluiced does not start with it), warning (works, but hardly as meant), note.
Several files are read as one configuration, as with several -C. '-' is standard input.

exit status: 0 without errors, 3 with errors, 2 wrong usage

example:
  sluicectl validate /etc/sluice/config.yaml
)";

int run(std::span<const std::string> arguments)
{
    const ConfigArguments given = parseConfigArguments(arguments, false);
    if (!given.error.empty()) {
        std::fprintf(stderr, "sluicectl validate: %s\n", given.error.c_str());
        return WrongUsage;
    }
    const config::Issues issues = config::loadCommandLine(given.commandLine).issues;
    printIssues(issues);
    return config::hasErrors(issues) ? ConfigInvalid : Done;
}

} // namespace

Command validateCommand()
{
    return {"validate", "say what is wrong with a configuration", help, run};
}

} // namespace sluice::cli
