// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/cli/convert_command.h"

#include "app/cli/config_arguments.h"
#include "daemon/config/command_line_writer.h"
#include "daemon/config/writer.h"

#include <cstdio>

namespace sluice::cli {

namespace {

constexpr std::string_view help = R"(usage: sluicectl convert [-L URL]… [-F URL]… [-C FILE | FILE]… [-O yaml|json|gost]

Reads a GOST v3 configuration and prints it in another form:
  yaml  as 'gost -O yaml' prints it (the default); keys that GOST does not know follow the others
  json  as 'gost -O json' prints it
  gost  as a command line: gost -L … -F …

  -L URL   a service, as in GOST
  -F URL   a node of the chain, as in GOST
  -C FILE  a YAML or JSON file, '-' for standard input, or JSON as it is: '{…}'

Remarks go to stderr, one per line. Nothing is printed to stdout when there are errors.

examples:
  sluicectl convert -L red://:12345?sniffing=true -F 192.168.1.1:1080
  sluicectl convert -O gost /etc/sluice/config.yaml
)";

int fail(const std::string &sentence, ExitCode code)
{
    std::fprintf(stderr, "sluicectl convert: %s\n", sentence.c_str());
    return code;
}

int run(std::span<const std::string> arguments)
{
    const ConfigArguments given = parseConfigArguments(arguments, true);
    if (!given.error.empty())
        return fail(given.error, WrongUsage);
    const std::string output = given.output.empty() ? "yaml" : given.output;
    if (output != "yaml" && output != "json" && output != "gost")
        return fail("-O takes yaml, json or gost", WrongUsage);

    config::Issues issues;
    const config::Document document = config::readCommandLine(given.commandLine, issues);
    printIssues(issues);
    if (config::hasErrors(issues))
        return ConfigInvalid;
    std::string text;
    if (output == "gost") {
        const auto line = config::writeCommandLine(document);
        if (!line)
            return fail("this cannot be said as a command line: " + line.error().message, OtherError);
        text = *line + "\n";
    } else {
        text = output == "json" ? config::writeJson(document) : config::writeYaml(document);
    }
    std::fwrite(text.data(), 1, text.size(), stdout);
    return Done;
}

} // namespace

Command convertCommand()
{
    return {"convert", "print a configuration as YAML, JSON or a gost command line", help, run};
}

} // namespace sluice::cli
