// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
//
// Which interception a configuration needs: its red and redu services, the marks of its own traffic, its proxies. Pure.
#pragma once

#include "daemon/config/config.h"
#include "helper/base/result.h"
#include "helper/plan/interception_plan.h"

#include <optional>
#include <vector>

namespace sluice::interception {

/// What the configuration does not say.
struct PlanOptions
{
    plan::BackEnd backEnd = plan::BackEnd::Iptables;
    plan::Flavour flavour = plan::Flavour::Safe;
    plan::Mode mode = plan::Mode::Gateway;
    plan::Families families = plan::Families::Both;
    /// The mark that the daemon puts on sockets without one; none when the rules are for a daemon that does not.
    std::optional<std::uint32_t> guardMark;
    std::optional<std::uint32_t> engineUid;
    std::vector<Cidr> interceptPrefixes;
    std::optional<std::vector<Cidr>> bypassPrefixes; ///< none: those of the flavour
    std::vector<Cidr> attachedNetworks;              ///< used by the safe flavour
};

/// The mark for PlanOptions::guardMark when nothing speaks against it.
[[nodiscard]] constexpr std::uint32_t guardMark(plan::Flavour flavour)
{
    return flavour == plan::Flavour::Exact ? plan::InterceptionPlan::exactGuardMark
                                           : plan::InterceptionPlan::safeGuardMark;
}

/// A valid plan. Error InvalidConfig: no service to intercept for, two for the same traffic, a service that listens on
/// one family only while both are wanted, or what the plan's validator says.
[[nodiscard]] Result<plan::InterceptionPlan> planFromConfig(const config::Config &config, const PlanOptions &options);

} // namespace sluice::interception
