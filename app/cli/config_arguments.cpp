// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/cli/config_arguments.h"

#include <cstdio>

namespace sluice::cli {

ConfigArguments parseConfigArguments(std::span<const std::string> arguments, bool knowsOutput)
{
    ConfigArguments result;
    for (std::size_t index = 0; index < arguments.size(); ++index) {
        const std::string &word = arguments[index];
        std::string *output = nullptr;
        std::vector<std::string> *list = nullptr;
        if (word == "-L")
            list = &result.commandLine.services;
        else if (word == "-F")
            list = &result.commandLine.nodes;
        else if (word == "-C" || word == "-f")
            list = &result.commandLine.files;
        else if (word == "-O" && knowsOutput)
            output = &result.output;
        if (list == nullptr && output == nullptr) {
            if (word.size() > 1 && word.starts_with('-')) {
                result.error = "there is no option " + word;
                return result;
            }
            result.commandLine.files.push_back(word);
            continue;
        }
        if (index + 1 == arguments.size()) {
            result.error = word + " needs a value";
            return result;
        }
        ++index;
        if (list != nullptr)
            list->push_back(arguments[index]);
        else
            *output = arguments[index];
    }
    const config::CommandLine &given = result.commandLine;
    if (given.services.empty() && given.nodes.empty() && given.files.empty())
        result.error = "there is no configuration: name a file, '-' for standard input, or -L and -F URLs";
    return result;
}

void printIssues(const config::Issues &issues)
{
    for (const config::Issue &issue : issues) {
        const std::string line = issue.toString() + "\n";
        std::fwrite(line.data(), 1, line.size(), stderr);
    }
}

} // namespace sluice::cli
