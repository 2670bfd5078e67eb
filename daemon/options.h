// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
//
// The command line of sluiced: GOST's flags, and our own.
#pragma once

#include "daemon/config/loader.h"
#include "helper/base/duration.h"
#include "helper/base/ip_address.h"

#include <optional>
#include <span>
#include <string>
#include <vector>

namespace sluice {

struct Options
{
    config::CommandLine config;       ///< -L -F -C
    std::optional<std::string> print; ///< -O: "yaml" or "json"
    int debug = 0;                    ///< -D 1, -DD 2
    bool showsVersion = false;        ///< -V
    bool showsHelp = false;
    std::string rules = "none";       ///< --rules: none gateway local both
    std::string flavour = "safe";     ///< --flavour: exact safe
    std::string backend = "iptables"; ///< --backend: iptables nftables
    std::string families = "both";    ///< --family: 4 6 both
    std::vector<Cidr> intercept;      ///< --intercept: intercepted though reserved or attached
    Duration drain = std::chrono::seconds(10); ///< --drain
    int workers = 0;                  ///< --workers; 0: from the number of processors
};

/// Reads the arguments after the program's name. Error InvalidArgument with one sentence.
[[nodiscard]] Result<Options> parseOptions(std::span<const std::string> arguments);

[[nodiscard]] std::string_view helpText();

} // namespace sluice
