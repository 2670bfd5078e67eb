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
    // Two bits that no widespread program uses (wg-quick, Tailscale, kube-proxy, Docker, sing-box, mihomo, v2rayA and
    // dae were compared). A preference before Tailscale's 5210; 77 is not registered in rt_protos.
    InterceptionPlan plan;
    plan.flavour = Flavour::Safe;
    plan.gatewayMark = {0x1000, 0x3000};
    plan.localMark = {0x2000, 0x3000};
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
