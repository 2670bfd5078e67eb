// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
//
// sluicectl doctor: what this machine can do, what it lacks, and who else is at work on it.
#pragma once

#include "app/cli/command.h"

#include <string>
#include <vector>

namespace sluice::cli {

enum class Health {
    Ok,
    Degraded, ///< something works less well, or could not be tried
    Missing,  ///< interception is not possible without it
};

/// One line of the doctor. Thread: any (plain value).
struct Finding
{
    Health health = Health::Ok;
    std::string topic;  ///< "TPROXY (IPv6)"
    std::string detail; ///< what was seen, and what to install or change
};

[[nodiscard]] std::string toLine(const Finding &finding);
[[nodiscard]] std::string toJson(const std::vector<Finding> &findings);

/// The rules in the output of iptables-save that divert traffic and are not ours, which carry a comment.
[[nodiscard]] std::vector<std::string> foreignDiversions(const std::string &rules);

/// The lines of `ip rule` that choose a routing table by packet mark.
[[nodiscard]] std::vector<std::string> markRules(const std::string &rules);

[[nodiscard]] const Command &doctorCommand();

} // namespace sluice::cli
