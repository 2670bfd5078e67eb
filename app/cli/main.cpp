// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
//
// sluicectl: finds the word, runs its command. What a word does stands in its own file.
#include "app/cli/command.h"
#include "app/cli/convert_command.h"
#include "app/cli/doctor_command.h"
#include "app/cli/playground_command.h"
#include "app/cli/rules_command.h"
#include "app/cli/validate_command.h"

#include <algorithm>
#include <cstdio>
#include <string>
#include <vector>

namespace {

using namespace sluice::cli;

const std::vector<Command> &commands()
{
    static const std::vector<Command> list{
        convertCommand(),
        doctorCommand(),
        playgroundCommand(),
        rulesCommand(),
        validateCommand(),
    };
    return list;
}

void printText(std::FILE *stream, std::string_view text)
{
    std::fwrite(text.data(), 1, text.size(), stream);
}

void printUsage(std::FILE *stream)
{
    printText(stream, "usage: sluicectl WORD [ARGUMENT…]\n\n");
    for (const Command &command : commands()) {
        std::string line = "  " + std::string(command.name);
        line.resize(std::max<std::size_t>(line.size() + 2, 16), ' ');
        printText(stream, line.append(command.summary).append("\n"));
    }
    printText(stream, "\n'sluicectl WORD --help' explains a word. 'sluicectl --version' prints the version.\n");
}

const Command *findCommand(std::string_view name)
{
    const auto found = std::find_if(commands().begin(), commands().end(),
                                    [name](const Command &command) { return command.name == name; });
    return found == commands().end() ? nullptr : &*found;
}

} // namespace

int main(int argc, char **argv)
{
    const std::vector<std::string> arguments(argv + 1, argv + argc);
    if (arguments.empty() || arguments[0] == "--help" || arguments[0] == "-h" || arguments[0] == "help") {
        if (arguments.size() > 1 && findCommand(arguments[1]) != nullptr)
            printText(stdout, findCommand(arguments[1])->help);
        else
            printUsage(arguments.empty() ? stderr : stdout);
        return arguments.empty() ? WrongUsage : Done;
    }
    if (arguments[0] == "--version" || arguments[0] == "-V") {
        printText(stdout, "sluicectl " SLUICE_VERSION "\n");
        return Done;
    }
    const Command *command = findCommand(arguments[0]);
    if (command == nullptr) {
        printText(stderr, "sluicectl: there is no word '" + arguments[0] + "'; 'sluicectl --help' lists them\n");
        return WrongUsage;
    }
    const std::span rest = std::span(arguments).subspan(1);
    if (std::any_of(rest.begin(), rest.end(),
                    [](const std::string &word) { return word == "--help" || word == "-h"; })) {
        printText(stdout, command->help);
        return Done;
    }
    return command->run(rest);
}
