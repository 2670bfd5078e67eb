// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
//
// Each line is a -L URL, or a -F URL when it starts with "-F ". What is understood must survive being written and read.
#include "daemon/config/command_line_writer.h"
#include "daemon/config/loader.h"
#include "daemon/config/writer.h"

#include <cstdint>
#include <cstdlib>
#include <sstream>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size)
{
    using namespace sluice::config;
    std::istringstream lines(std::string(data, data + size));
    CommandLine commandLine;
    for (std::string line; std::getline(lines, line);) {
        if (line.starts_with("-F "))
            commandLine.nodes.push_back(line.substr(3));
        else
            commandLine.services.push_back(line);
    }
    Issues issues;
    const Document document = readCommandLine(commandLine, issues);
    static_cast<void>(loadCommandLine(commandLine));
    static_cast<void>(writeJson(document));
    static_cast<void>(writeCommandLine(document));
    if (hasErrors(issues))
        return 0;
    const std::string yaml = writeYaml(document);
    Issues again;
    const Document read = readText(yaml, "again.yaml", again);
    if (yaml.size() < 1024 * 1024 &&
        (hasErrors(again) || !(writeYaml(readText(writeYaml(read), "third.yaml", again)) == writeYaml(read))))
        std::abort();
    return 0;
}
