// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "helper/plan/plan_validator.h"

#include <algorithm>
#include <cstddef>

namespace sluice::plan {

namespace {

constexpr std::size_t maxListEntries = 512;
constexpr std::size_t maxPrefixLength = 16; // with "_DIVERT" and "_LOCAL" well under iptables' 28

bool isUpperName(std::string_view text)
{
    return !text.empty() && text.size() <= maxPrefixLength && text[0] >= 'A' && text[0] <= 'Z' &&
           std::all_of(text.begin(), text.end(),
                       [](char c) { return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_'; });
}

bool overlap(const Mark &first, const Mark &second)
{
    // Some mark value matches both when they agree on the bits that both look at.
    const std::uint32_t common = first.mask & second.mask;
    return (first.value & common) == (second.value & common);
}

class Validator
{
public:
    explicit Validator(const InterceptionPlan &plan)
        : m_plan(plan)
    {
    }

    std::vector<std::string> run()
    {
        checkPorts();
        checkMarks();
        checkRouting();
        checkNames();
        checkSizes();
        if (m_plan.flavour == Flavour::Exact)
            checkExact();
        return std::move(m_problems);
    }

private:
    void problem(std::string text) { m_problems.push_back(std::move(text)); }

    void checkPorts()
    {
        if (!m_plan.tcpRedirectPort && !m_plan.usesTproxy())
            problem("nothing to intercept: the plan has no listening port");
        if (m_plan.tcpRedirectPort && m_plan.tcpTproxyPort)
            problem("TCP can be taken by REDIRECT or by TPROXY, not by both");
        for (const auto &port : {m_plan.tcpRedirectPort, m_plan.tcpTproxyPort, m_plan.udpTproxyPort}) {
            if (port == std::uint16_t{0})
                problem("a listening port must not be 0");
        }
        for (const auto *list : {&m_plan.onlyPorts, &m_plan.exceptPorts}) {
            if (std::count(list->begin(), list->end(), 0) > 0)
                problem("a destination port must not be 0");
        }
    }

    void checkMarks()
    {
        const auto checkBits = [this](const Mark &mark) {
            if (mark.value == 0)
                problem("a mark must not be 0, which is the mark of every unmarked packet");
            if ((mark.value & ~mark.mask) != 0)
                problem("a mark has bits outside its mask");
        };
        std::for_each(m_plan.egressMarks.begin(), m_plan.egressMarks.end(), checkBits);
        if (!m_plan.usesTproxy())
            return;
        checkBits(m_plan.gatewayMark);
        if (m_plan.flavour == Flavour::Safe) {
            checkBits(m_plan.localMark);
            if (overlap(m_plan.gatewayMark, m_plan.localMark))
                problem("the marks for forwarded and for local traffic overlap");
        }
        for (const Mark &egress : m_plan.egressMarks) {
            // The exact rules look at the whole mark, whatever the mask says.
            const bool clashes = m_plan.flavour == Flavour::Exact
                                     ? egress.matches(m_plan.gatewayMark.value)
                                     : overlap(egress, m_plan.gatewayMark) || overlap(egress, m_plan.localMark);
            if (clashes)
                problem("the proxy's own mark " + std::to_string(egress.value) +
                        " looks like an intercepted packet's; choose another so_mark");
        }
    }

    void checkRouting()
    {
        if (!m_plan.usesTproxy())
            return;
        if (m_plan.routingTable == 0 || (m_plan.routingTable >= 253 && m_plan.routingTable <= 255))
            problem("the routing table must not be 0 or one of the kernel's own 253, 254, 255");
        // 0 is the local table's; 32766 and 32767 are main's and default's.
        if (m_plan.rulePreference && (*m_plan.rulePreference == 0 || *m_plan.rulePreference >= 32766))
            problem("the ip rule preference must lie between 1 and 32765");
        if (m_plan.routeProtocol && *m_plan.routeProtocol <= 4)
            problem("route protocols 0 to 4 belong to the kernel and the administrator");
    }

    void checkNames()
    {
        for (const auto *list : {&m_plan.onlyInterfaces, &m_plan.exceptInterfaces}) {
            if (!std::all_of(list->begin(), list->end(), isInterfaceName))
                problem("an interface name must be 1 to 15 characters of A-Z a-z 0-9 _ . : @ - and not start with -");
        }
        if (!isUpperName(m_plan.chainPrefix))
            problem("the chain prefix must be 1 to 16 characters of A-Z 0-9 _ and start with a letter");
    }

    void checkSizes()
    {
        const std::size_t largest =
            std::max({m_plan.egressMarks.size(), m_plan.interceptPrefixes.size(), m_plan.bypassPrefixes.size(),
                      m_plan.attachedNetworks.size(), m_plan.upstreams.size(), m_plan.onlyInterfaces.size(),
                      m_plan.exceptInterfaces.size(), m_plan.onlyUids.size(), m_plan.exceptUids.size(),
                      m_plan.onlyPorts.size(), m_plan.exceptPorts.size()});
        if (largest > maxListEntries)
            problem("a list of the plan has more than " + std::to_string(maxListEntries) + " entries");
    }

    void checkExact()
    {
        const bool hasPorts = !m_plan.onlyPorts.empty() || (!m_plan.exceptPorts.empty() && !m_plan.usesPortRecipe());
        if (!m_plan.interceptPrefixes.empty() || !m_plan.attachedNetworks.empty() || m_plan.engineUid || hasPorts ||
            !m_plan.upstreams.empty() || !m_plan.onlyInterfaces.empty() || !m_plan.exceptInterfaces.empty() ||
            !m_plan.onlyUids.empty() || !m_plan.exceptUids.empty())
            problem("the exact flavour has only the tutorial's rules: no prefixes to intercept, attached networks, "
                    "upstreams, users, interfaces or destination ports");
        // The recipe names the ports in one multiport match of 15, the listener's among them.
        if (m_plan.exceptPorts.size() > 14)
            problem("the exact flavour without marks can leave out 14 ports at most; set so_mark");
    }

    const InterceptionPlan &m_plan;
    std::vector<std::string> m_problems;
};

} // namespace

std::vector<std::string> validate(const InterceptionPlan &plan)
{
    return Validator(plan).run();
}

bool isInterfaceName(std::string_view name)
{
    constexpr std::string_view allowed = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.:@-";
    return !name.empty() && name.size() <= 15 && name[0] != '-' &&
           name.find_first_not_of(allowed) == std::string_view::npos;
}

} // namespace sluice::plan
