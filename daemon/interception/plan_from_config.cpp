// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/interception/plan_from_config.h"

#include "helper/plan/plan_validator.h"

#include <algorithm>

namespace sluice::interception {

using config::Config;
using config::NodeConfig;
using config::ServiceConfig;
using plan::Families;
using plan::Flavour;
using plan::InterceptionPlan;
using plan::Mark;

namespace {

bool isRed(const std::string &type)
{
    return type == "red" || type == "redir" || type == "redirect";
}

bool isTproxy(const ServiceConfig &service)
{
    return service.listener.metadata.boolean({"tproxy"}).value_or(false) ||
           service.handler.metadata.boolean({"tproxy"}).value_or(false);
}

Error invalid(const std::string &message)
{
    return Error{ErrorCode::InvalidConfig, message};
}

/// GOST listens on both families for ":port" and "[address]:port" only.
bool listensOnIpv6(const ServiceConfig &service)
{
    return service.addr.starts_with(":") || service.addr.starts_with("[");
}

class PlanMaker
{
public:
    PlanMaker(const Config &config, const PlanOptions &options)
        : m_config(config)
        , m_options(options)
    {
    }

    Result<InterceptionPlan> run()
    {
        m_plan = m_options.flavour == Flavour::Exact ? InterceptionPlan::exact() : InterceptionPlan::safe();
        m_plan.backEnd = m_options.backEnd;
        m_plan.mode = m_options.mode;
        m_plan.families = m_options.families;
        m_plan.engineUid = m_options.engineUid;
        m_plan.interceptPrefixes = m_options.interceptPrefixes;
        if (m_options.bypassPrefixes)
            m_plan.bypassPrefixes = *m_options.bypassPrefixes;
        if (m_options.flavour == Flavour::Safe)
            m_plan.attachedNetworks = m_options.attachedNetworks;

        for (const ServiceConfig &service : m_config.services) {
            if (Result<void> result = addService(service); !result)
                return std::move(result).error();
        }
        if (!m_plan.tcpRedirectPort && !m_plan.usesTproxy())
            return invalid("no service of type red, redir, redirect or redu: there is nothing to divert traffic to");
        addMarks();
        addUpstreams();
        const std::vector<std::string> problems = plan::validate(m_plan);
        return problems.empty() ? Result<InterceptionPlan>(m_plan) : invalid(problems.front());
    }

private:
    Result<void> addService(const ServiceConfig &service)
    {
        const bool isTcp = isRed(service.handler.type), isUdp = service.handler.type == "redu";
        if (!isTcp && !isUdp)
            return {};
        const std::optional<std::uint16_t> port = HostPort::split(service.addr).portNumber();
        if (!port || *port == 0)
            return invalid(service.name + ": the address '" + service.addr +
                           "' has no fixed port to divert traffic to");
        if (m_plan.families != Families::IPv4 && !listensOnIpv6(service))
            return invalid(service.name + ": '" + service.addr +
                           "' listens on IPv4 only; write ':" + std::to_string(*port) + "' or limit the rules to IPv4");
        std::string &owner = isTcp ? m_tcpService : m_udpService;
        if (!owner.empty())
            return invalid(owner + " and " + service.name + " both want the intercepted " + (isTcp ? "TCP" : "UDP") +
                           " traffic; keep one of them");
        owner = service.name;
        if (isUdp)
            m_plan.udpTproxyPort = port;
        else if (isTproxy(service))
            m_plan.tcpTproxyPort = port;
        else
            m_plan.tcpRedirectPort = port;
        return {};
    }

    void addMark(std::optional<std::uint32_t> mark)
    {
        const auto isKnown = [mark](const Mark &known) { return known.matches(*mark); };
        if (mark && *mark != 0 && std::none_of(m_plan.egressMarks.begin(), m_plan.egressMarks.end(), isKnown))
            m_plan.egressMarks.push_back({*mark});
    }

    void addMarks()
    {
        addMark(m_options.guardMark);
        for (const ServiceConfig &service : m_config.services)
            addMark(service.mark);
        for (const config::ChainConfig &chain : m_config.chains) {
            for (const config::HopConfig &hop : chain.hops) {
                addMark(hop.mark);
                for (const NodeConfig &node : hop.nodes)
                    addMark(node.mark);
            }
        }
    }

    /// Only the first hop is dialled from here; later ones are reached through it.
    void addUpstreams()
    {
        for (const config::ChainConfig &chain : m_config.chains) {
            if (chain.hops.empty())
                continue;
            for (const NodeConfig &node : chain.hops.front().nodes)
                addUpstream(HostPort::split(node.addr));
        }
    }

    void addUpstream(const HostPort &hostPort)
    {
        const std::optional<std::uint16_t> port = hostPort.portNumber();
        if (!port || *port == 0)
            return;
        const auto add = [](auto &list, const auto &value) {
            if (std::count(list.begin(), list.end(), value) == 0)
                list.push_back(value);
        };
        if (m_plan.usesPortRecipe()) {
            if (*port != *m_plan.tcpRedirectPort)
                add(m_plan.exceptPorts, *port);
            return;
        }
        // A name is left to the marks: its address may change.
        const std::optional<IpAddress> address = IpAddress::parse(hostPort.host);
        if (m_options.flavour == Flavour::Safe && address)
            add(m_plan.upstreams, Endpoint{*address, *port});
    }

    const Config &m_config;
    const PlanOptions &m_options;
    InterceptionPlan m_plan;
    std::string m_tcpService, m_udpService; ///< whose port is in the plan
};

} // namespace

Result<InterceptionPlan> planFromConfig(const Config &config, const PlanOptions &options)
{
    return PlanMaker(config, options).run();
}

} // namespace sluice::interception
