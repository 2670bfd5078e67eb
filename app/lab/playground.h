// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
//
// A run of the playground: lab, daemons, rules, probes, report, removal.
#pragma once

#include "app/lab/lab.h"
#include "app/lab/report.h"

#include <functional>
#include <string>
#include <vector>

namespace sluice::lab {

/// One configuration to be proven.
struct Setup
{
    std::string name;    ///< for the report: "TPROXY gateway relay"
    Arguments arguments; ///< of the daemon in the gateway
    Mode mode = Mode::Gateway;
    bool isTproxy = true;  ///< which of the tutorial's rules fit
    bool mustSniff = true; ///< web and TLS must arrive by name
};

/// The tutorial's own: TPROXY, gateway, through a relay.
[[nodiscard]] Setup tutorialSetup(Mode mode);

/// REDIRECT and TPROXY, gateway and local, without a chain and through relay, http and socks5.
[[nodiscard]] std::vector<Setup> allSetups();

struct PlaygroundOptions
{
    std::string daemon;         ///< path of sluiced
    bool tutorialRules = false; ///< load the tutorial's commands instead of letting the daemon set up its rules
    bool keep = false;          ///< leave the lab and its daemons when done
    std::function<void(const ProbeResult &)> onResult;  ///< called as they come
    std::function<void(const std::string &)> onMessage; ///< what a person wants to know besides
};

struct PlaygroundOutcome
{
    std::vector<ProbeResult> results;
    int signal = 0; ///< that interrupted the run, 0 for none
};

/// Needs root.  Thread: main.  Errors: what keeps the lab from being built; failing probes are results.
Result<PlaygroundOutcome> runPlayground(const std::vector<Setup> &setups, const PlaygroundOptions &options);

} // namespace sluice::lab
