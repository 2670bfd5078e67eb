// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
//
// A file. What is understood must be written so that it reads as the same.
#include "daemon/config/command_line_writer.h"
#include "daemon/config/loader.h"
#include "daemon/config/writer.h"

#include <cstdint>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size)
{
    using namespace sluice::config;
    const std::string text(data, data + size);
    for (const char *name : {"test.yaml", "test.json"}) {
        Issues issues;
        const Document document = readText(text, name, issues);
        static_cast<void>(loadText(text, name));
        static_cast<void>(writeJson(document));
        static_cast<void>(writeCommandLine(document));
        if (hasErrors(issues))
            continue;
        const std::string yaml = writeYaml(document);
        Issues again;
        const Document read = readText(yaml, "again.yaml", again);
        if (yaml.size() < 512 * 1024 && !hasErrors(again) &&
            writeYaml(readText(writeYaml(read), "third.yaml", again)) != writeYaml(read))
            std::abort();
    }
    return 0;
}
