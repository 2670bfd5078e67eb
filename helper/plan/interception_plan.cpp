// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "helper/plan/interception_plan.h"

namespace sluice::plan {

InterceptionPlan InterceptionPlan::exact()
{
    InterceptionPlan plan;
    plan.flavour = Flavour::Exact;
    plan.gatewayMark = plan.localMark = {0x1, 0x1};
    plan.routingTable = 100;
    plan.bypassPrefixes = {*Cidr::parse("192.168.0.0/16")};
    return plan;
}

InterceptionPlan InterceptionPlan::safe()
{
    // Bits that wg-quick (0xca6c), Mullvad (0x6d6f6c65), sing-box (0x2023, 0x2024), mihomo (0x2d0), v2rayA (0xc0), dae
    // (0x8000000), Tailscale (0xff0000) and kube-proxy (0xc000) never have in this way: bit 12 is set in each value,
    // and in none of theirs. The preference lies before Tailscale's 5210; 77 is not registered in rt_protos.
    InterceptionPlan plan;
    plan.flavour = Flavour::Safe;
    plan.gatewayMark = {0x1000, 0x3100};
    plan.localMark = {0x1100, 0x3100};
    plan.egressMarks = {{safeGuardMark, 0x3000}};
    plan.routingTable = 4770;
    plan.rulePreference = 4770;
    plan.routeProtocol = 77;
    return plan;
}

bool InterceptionPlan::covers(Family family) const
{
    return families == Families::Both || (families == Families::IPv4) == (family == Family::IPv4);
}

bool InterceptionPlan::usesPortRecipe() const
{
    return flavour == Flavour::Exact && tcpRedirectPort && coversLocal() && egressMarks.empty();
}

} // namespace sluice::plan
