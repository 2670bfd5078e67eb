// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
//
// The way in: files and command line -> Config, with everything that is to be said about it.
#pragma once

#include "daemon/config/config.h"
#include "daemon/config/document.h"

#include <string>
#include <string_view>
#include <vector>

namespace sluice::config {

/// `config` may be used only when `issues` holds no error (hasErrors).
struct LoadResult
{
    Config config;
    Document document; ///< the tree that `config` was made of; what writeYaml and writeJson take
    Issues issues;     ///< of reading and, when that went well, of checkConfig (config_check.h)
};

/// GOST's options of the same letters.
struct CommandLine
{
    std::vector<std::string> services; ///< -L
    std::vector<std::string> nodes;    ///< -F
    std::vector<std::string> files;    ///< -C: a path, "-" for standard input, or inline JSON "{…}"
};

/// `fileName` names the text in issues; text is JSON if the name ends in ".json" (or is "-" or inline and the text
/// starts with '{'), else YAML. Thread: any. Errors: as issues.
[[nodiscard]] LoadResult loadText(std::string_view text, const std::string &fileName);

/// Reads a file, standard input for "-", or takes inline JSON as it is. Blocks on the file system.
[[nodiscard]] LoadResult loadFile(const std::string &path);

/// Files first, then -L and -F, as GOST does: lists are joined, of log, tls, api and metrics the last one counts.
/// Command-line objects whose name (service-0, chain-0 …) a file has taken are renamed.
[[nodiscard]] LoadResult loadCommandLine(const CommandLine &commandLine);

/// loadText and loadCommandLine without the meaning: enough for writing, and it does not mind what only a running
/// service would.
[[nodiscard]] Document readText(std::string_view text, const std::string &fileName, Issues &issues);
[[nodiscard]] Document readCommandLine(const CommandLine &commandLine, Issues &issues);

/// `second`'s lists after `first`'s; of the single objects the last one counts. Names are not touched.
[[nodiscard]] Document mergeDocuments(Document first, Document second);

} // namespace sluice::config
