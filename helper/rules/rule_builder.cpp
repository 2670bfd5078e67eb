// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "helper/rules/rule_builder.h"

#include <algorithm>
#include <array>
#include <initializer_list>

namespace sluice::rules {

using plan::Flavour;
using plan::InterceptionPlan;
using plan::Mark;

namespace {

constexpr std::size_t multiportLimit = 15;

std::vector<Cidr> prefixes(std::initializer_list<const char *> texts)
{
    std::vector<Cidr> list;
    for (const char *text : texts)
        list.push_back(*Cidr::parse(text));
    return list;
}

/// Appends those of `more` that no prefix already in `list` contains.
void addUncovered(std::vector<Cidr> &list, const std::vector<Cidr> &more)
{
    for (const Cidr &prefix : more) {
        if (std::none_of(list.begin(), list.end(), [&](const Cidr &known) { return known.contains(prefix); }))
            list.push_back(prefix);
    }
}

std::vector<Family> familiesOf(const InterceptionPlan &plan)
{
    std::vector<Family> list;
    for (const Family family : {Family::IPv4, Family::IPv6}) {
        if (plan.covers(family))
            list.push_back(family);
    }
    return list;
}

/// What the two flavours share: the set being built and the names in it.
class Builder
{
public:
    explicit Builder(const InterceptionPlan &plan)
        : m_plan(plan)
        , m_chain(plan.chainPrefix)
        , m_localChain(plan.chainPrefix + "_LOCAL")
        , m_divertChain(plan.chainPrefix + "_DIVERT")
    {
        m_set.families = familiesOf(plan);
        m_set.chainPrefix = plan.chainPrefix;
    }

protected:
    [[nodiscard]] Rule hooked(Protocol protocol, const std::string &chain) const
    {
        Rule rule;
        rule.protocol = protocol;
        rule.action = Jump{chain};
        return rule;
    }

    /// The listener for this protocol by TPROXY, if there is one.
    [[nodiscard]] std::optional<std::uint16_t> tproxyPort(Protocol protocol) const
    {
        return protocol == Protocol::Tcp ? m_plan.tcpTproxyPort : m_plan.udpTproxyPort;
    }

    [[nodiscard]] std::vector<Protocol> tproxyProtocols() const
    {
        std::vector<Protocol> list;
        for (const Protocol protocol : {Protocol::Tcp, Protocol::Udp}) {
            if (tproxyPort(protocol))
                list.push_back(protocol);
        }
        return list;
    }

    const InterceptionPlan &m_plan;
    const std::string m_chain, m_localChain, m_divertChain;
    RuleSet m_set;
};

/// The tutorial's rules: https://gost.run/en/tutorials/redirect/
class ExactBuilder : private Builder
{
public:
    using Builder::Builder;

    RuleSet build()
    {
        if (m_plan.tcpRedirectPort)
            addRedirect();
        if (m_plan.usesTproxy())
            addTproxy();
        return std::move(m_set);
    }

private:
    [[nodiscard]] static const std::vector<Cidr> &reservedIpv6()
    {
        static const std::vector<Cidr> list = prefixes({"::/128", "::1/128", "fe80::/10", "ff00::/8"});
        return list;
    }

    void addReturns(Chain &chain, std::vector<Cidr> first, std::optional<Protocol> protocol)
    {
        addUncovered(first, reservedIpv6());
        addUncovered(first, m_plan.bypassPrefixes);
        for (const Cidr &prefix : first) {
            Rule rule;
            rule.destination = prefix;
            rule.protocol = protocol;
            chain.rules.push_back(rule);
        }
    }

    void addMarkReturns(Chain &chain, Protocol protocol)
    {
        for (const Mark &mark : m_plan.egressMarks) {
            Rule rule;
            rule.protocol = protocol;
            rule.mark = MarkMatch{mark};
            chain.rules.push_back(rule);
        }
    }

    void addAction(Chain &chain, Protocol protocol, Action action)
    {
        Rule rule;
        rule.protocol = protocol;
        rule.action = std::move(action);
        chain.rules.push_back(rule);
    }

    void addRedirect()
    {
        TableRules nat{Table::Nat, {}, {}};
        const std::uint16_t port = *m_plan.tcpRedirectPort;
        // "Without mark": local traffic needs no chain, the proxy's own connections are known by their ports.
        const bool isByPorts = m_plan.usesPortRecipe();
        if (m_plan.coversGateway() || !isByPorts) {
            Chain chain{m_chain, {}};
            addReturns(chain, {}, std::nullopt);
            addMarkReturns(chain, Protocol::Tcp);
            addAction(chain, Protocol::Tcp, Redirect{port});
            nat.chains.push_back(chain);
        }
        if (m_plan.coversGateway())
            nat.hookRules.push_back({Hook::Prerouting, hooked(Protocol::Tcp, m_chain)});
        if (isByPorts)
            nat.hookRules.push_back({Hook::Output, dnatByPorts(port)});
        else if (m_plan.coversLocal())
            nat.hookRules.push_back({Hook::Output, hooked(Protocol::Tcp, m_chain)});
        m_set.tables.push_back(nat);
    }

    [[nodiscard]] Rule dnatByPorts(std::uint16_t port) const
    {
        PortMatch others{{port}, true};
        others.ports.insert(others.ports.end(), m_plan.exceptPorts.begin(), m_plan.exceptPorts.end());
        Rule rule;
        rule.protocol = Protocol::Tcp;
        rule.destinationPorts = others;
        rule.action = DnatToLoopback{port};
        return rule;
    }

    void addTproxy()
    {
        TableRules mangle{Table::Mangle, {}, {}};
        const Mark wholeMark{m_plan.gatewayMark.value};
        if (m_plan.tcpTproxyPort) {
            Rule mark, accept;
            mark.action = SetMark{wholeMark};
            accept.action = Accept{};
            mangle.chains.push_back({m_divertChain, {mark, accept}});
            Rule divert = hooked(Protocol::Tcp, m_divertChain);
            divert.socket = SocketMatch::Any;
            mangle.hookRules.push_back({Hook::Prerouting, divert});
        }
        // Local mode needs the gateway's rules as well: they catch what it sends back in through lo.
        Chain gateway{m_chain, {}};
        for (const Protocol protocol : tproxyProtocols()) {
            addReturns(gateway,
                       protocol == Protocol::Tcp ? prefixes({"127.0.0.0/8"})
                                                 : prefixes({"127.0.0.0/8", "255.255.255.255/32"}),
                       protocol);
            addMarkReturns(gateway, protocol);
            addAction(gateway, protocol, Tproxy{*tproxyPort(protocol), m_plan.gatewayMark});
            mangle.hookRules.push_back({Hook::Prerouting, hooked(protocol, m_chain)});
        }
        mangle.chains.push_back(gateway);
        if (m_plan.coversLocal()) {
            Chain local{m_localChain, {}};
            for (const Protocol protocol : tproxyProtocols()) {
                addReturns(local, prefixes({"127.0.0.0/8", "255.255.255.255/32"}), protocol);
                addMarkReturns(local, protocol);
                addAction(local, protocol, SetMark{wholeMark});
                mangle.hookRules.push_back({Hook::Output, hooked(protocol, m_localChain)});
            }
            mangle.chains.push_back(local);
        }
        m_set.tables.push_back(mangle);
        for (const Family family : m_set.families) {
            m_set.ipRules.push_back(
                {family, wholeMark, false, m_plan.routingTable, m_plan.rulePreference, m_plan.routeProtocol});
            m_set.routes.push_back({family, m_plan.routingTable, m_plan.routeProtocol});
        }
    }
};

/// The same effect, with guards: nothing that somebody started from outside, nothing local, nothing of the proxy's own.
class SafeBuilder : private Builder
{
public:
    using Builder::Builder;

    RuleSet build()
    {
        if (m_plan.usesTproxy())
            addMangle();
        if (m_plan.tcpRedirectPort)
            addNat();
        addListenerGuard();
        return std::move(m_set);
    }

private:
    enum class Scope { Gateway, Local };

    static void add(Chain &chain, std::string comment, Action action, Rule rule = {})
    {
        rule.comment = "sluice: " + std::move(comment);
        rule.action = std::move(action);
        chain.rules.push_back(std::move(rule));
    }

    static Rule withMark(const Mark &mark)
    {
        Rule rule;
        rule.mark = MarkMatch{mark};
        return rule;
    }

    static Rule withPorts(Protocol protocol, std::vector<std::uint16_t> ports)
    {
        Rule rule;
        rule.protocol = protocol;
        rule.destinationPorts = PortMatch{std::move(ports)};
        return rule;
    }

    /// multiport takes 15 ports; a longer list becomes several rules.
    static std::vector<std::vector<std::uint16_t>> chunks(const std::vector<std::uint16_t> &ports)
    {
        std::vector<std::vector<std::uint16_t>> parts;
        for (std::size_t start = 0; start < ports.size(); start += multiportLimit) {
            const auto first = ports.begin() + static_cast<std::ptrdiff_t>(start);
            const std::size_t length = std::min(multiportLimit, ports.size() - start);
            parts.emplace_back(first, first + static_cast<std::ptrdiff_t>(length));
        }
        return parts;
    }

    [[nodiscard]] std::vector<Cidr> bypassed() const
    {
        std::vector<Cidr> list = prefixes({"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16",
                                           "172.16.0.0/12", "192.168.0.0/16", "224.0.0.0/4", "240.0.0.0/4", "::/128",
                                           "::1/128", "fc00::/7", "fe80::/10", "ff00::/8"});
        addUncovered(list, m_plan.attachedNetworks);
        addUncovered(list, m_plan.bypassPrefixes);
        return list;
    }

    /// What stays out of interception, then what goes in. `action` is what interception means in this chain.
    template <typename ActionOf>
    void addScope(Chain &chain, Scope scope, const std::vector<Protocol> &protocols, ActionOf action) const
    {
        if (scope == Scope::Local)
            addSenderReturns(chain);
        for (const Mark &mark : m_plan.egressMarks)
            add(chain, "traffic of the proxy", Return{}, withMark(mark));
        if (scope == Scope::Gateway) {
            for (const std::string &interface : m_plan.exceptInterfaces) {
                Rule rule;
                rule.inInterface = interface;
                add(chain, "excluded interface", Return{}, rule);
            }
        }
        Rule local, broadcast;
        local.destinationType = DestinationType::Local;
        add(chain, "to this machine", Return{}, local);
        broadcast.destinationType = DestinationType::Broadcast;
        broadcast.family = Family::IPv4; // IPv6 has none, and ip6tables refuses the word
        add(chain, "broadcast", Return{}, broadcast);
        for (const Protocol protocol : protocols) {
            for (const auto &ports : chunks(m_plan.exceptPorts))
                add(chain, "excluded port", Return{}, withPorts(protocol, ports));
            for (const Endpoint &upstream : m_plan.upstreams) {
                Rule rule = withPorts(protocol, {upstream.port});
                rule.destination = Cidr(upstream.address, upstream.address.bitLength());
                add(chain, "upstream proxy", Return{}, rule);
            }
        }
        for (const Cidr &prefix : m_plan.interceptPrefixes)
            addInterception(chain, protocols, action, prefix);
        for (const Cidr &prefix : bypassed()) {
            Rule rule;
            rule.destination = prefix;
            add(chain, "bypassed", Return{}, rule);
        }
        addInterception(chain, protocols, action, std::nullopt);
    }

    void addSenderReturns(Chain &chain) const
    {
        if (m_plan.engineUid)
            add(chain, "traffic of the proxy", Return{}, sentBy(*m_plan.engineUid));
        for (const std::uint32_t uid : m_plan.exceptUids)
            add(chain, "excluded user", Return{}, sentBy(uid));
    }

    static Rule sentBy(std::uint32_t uid)
    {
        Rule rule;
        rule.uid = uid;
        return rule;
    }

    template <typename ActionOf>
    void addInterception(Chain &chain, const std::vector<Protocol> &protocols, ActionOf action,
                         std::optional<Cidr> prefix) const
    {
        for (const Protocol protocol : protocols) {
            std::vector<Rule> rules;
            for (const auto &ports : chunks(m_plan.onlyPorts))
                rules.push_back(withPorts(protocol, ports));
            if (rules.empty())
                rules.emplace_back().protocol = protocol;
            for (Rule &rule : rules) {
                rule.destination = prefix;
                add(chain, "intercept", action(protocol), rule);
            }
        }
    }

    void hookPrerouting(TableRules &table, Protocol protocol, bool needsLoopback) const
    {
        std::vector<std::string> interfaces = m_plan.onlyInterfaces;
        if (!interfaces.empty() && needsLoopback)
            interfaces.emplace_back("lo");
        if (interfaces.empty())
            interfaces.emplace_back();
        for (const std::string &interface : interfaces) {
            Rule rule = hooked(protocol, m_chain);
            rule.inInterface = interface;
            rule.comment = "sluice";
            table.hookRules.push_back({Hook::Prerouting, rule});
        }
    }

    void hookOutput(TableRules &table, Protocol protocol) const
    {
        Rule rule = hooked(protocol, m_localChain);
        rule.comment = "sluice";
        if (m_plan.onlyUids.empty())
            table.hookRules.push_back({Hook::Output, rule});
        for (const std::uint32_t uid : m_plan.onlyUids) {
            rule.uid = uid;
            table.hookRules.push_back({Hook::Output, rule});
        }
    }

    void addMangle()
    {
        TableRules mangle{Table::Mangle, {}, {}};
        const std::vector<Protocol> protocols = tproxyProtocols();
        if (m_plan.tcpTproxyPort && m_plan.coversGateway())
            addDivert(mangle);

        Chain prerouting{m_chain, {}};
        if (m_plan.coversLocal()) {
            // Sent back in through lo by the local chain, which has already looked at all exceptions.
            for (const Protocol protocol : protocols) {
                Rule rule = withMark(m_plan.localMark);
                rule.protocol = protocol;
                add(prerouting, "intercept", Tproxy{*tproxyPort(protocol), m_plan.localMark}, rule);
            }
        }
        if (m_plan.coversGateway()) {
            Rule loopback, reply;
            loopback.inInterface = "lo";
            add(prerouting, "from this machine", Return{}, loopback);
            reply.isReply = true;
            add(prerouting, "an answer", Return{}, reply);
            addScope(prerouting, Scope::Gateway, protocols, [this](Protocol protocol) {
                return Tproxy{*tproxyPort(protocol), m_plan.gatewayMark};
            });
        }
        mangle.chains.push_back(prerouting);
        for (const Protocol protocol : protocols)
            hookPrerouting(mangle, protocol, m_plan.coversLocal());

        if (m_plan.coversLocal()) {
            Chain output{m_localChain, {}};
            Rule reply;
            reply.isReply = true; // also what transparent sockets answer: their flow began on the other side
            add(output, "an answer", Return{}, reply);
            addScope(output, Scope::Local, protocols, [this](Protocol) { return SetMark{m_plan.localMark}; });
            mangle.chains.push_back(output);
            for (const Protocol protocol : protocols)
                hookOutput(mangle, protocol);
        }
        m_set.tables.push_back(mangle);
        addRouting();
    }

    void addDivert(TableRules &mangle) const
    {
        Chain divert{m_divertChain, {}};
        if (m_plan.coversLocal())
            add(divert, "already on its way", Accept{}, withMark(m_plan.localMark));
        add(divert, "connection that the proxy has", SetMark{m_plan.gatewayMark});
        add(divert, "connection that the proxy has", Accept{});
        mangle.chains.push_back(divert);
        Rule rule = hooked(Protocol::Tcp, m_divertChain);
        rule.socket = SocketMatch::Transparent;
        rule.comment = "sluice";
        mangle.hookRules.push_back({Hook::Prerouting, rule});
    }

    void addRouting()
    {
        for (const Family family : m_set.families) {
            const auto addRule = [&](const Mark &mark, bool isFromLoopback, std::optional<std::uint32_t> table) {
                m_set.ipRules.push_back(
                    {family, mark, isFromLoopback, table, m_plan.rulePreference, m_plan.routeProtocol});
            };
            // With src_valid_mark=1 (wg-quick sets it) rp_filter asks for the way back to the sender with the packet's
            // mark; our table would answer "local" and the packet would be dropped as a martian. Such a question
            // always comes with iif lo, a forwarded packet never does: this is why the two marks differ.
            if (m_plan.coversGateway() && family == Family::IPv4)
                addRule(m_plan.gatewayMark, true, std::nullopt);
            if (m_plan.coversGateway())
                addRule(m_plan.gatewayMark, false, m_plan.routingTable);
            if (m_plan.coversLocal())
                addRule(m_plan.localMark, false, m_plan.routingTable);
            m_set.routes.push_back({family, m_plan.routingTable, m_plan.routeProtocol});
        }
    }

    void addNat()
    {
        // nat sees only the first packet of a flow, so answers need no rule here.
        TableRules nat{Table::Nat, {}, {}};
        const auto redirect = [this](Protocol) { return Redirect{*m_plan.tcpRedirectPort}; };
        if (m_plan.coversGateway()) {
            Chain chain{m_chain, {}};
            addScope(chain, Scope::Gateway, {Protocol::Tcp}, redirect);
            nat.chains.push_back(chain);
            hookPrerouting(nat, Protocol::Tcp, false);
        }
        if (m_plan.coversLocal()) {
            Chain chain{m_localChain, {}};
            addScope(chain, Scope::Local, {Protocol::Tcp}, redirect);
            nat.chains.push_back(chain);
            hookOutput(nat, Protocol::Tcp);
        }
        m_set.tables.push_back(nat);
    }

    /// Whoever connects to a listener directly would make the proxy dial itself.
    void addListenerGuard()
    {
        TableRules filter{Table::Filter, {}, {}};
        Chain chain{m_chain, {}};
        const auto guard = [&](Protocol protocol, std::uint16_t port, bool isRedirect) {
            Rule rule = withPorts(protocol, {port});
            rule.isNotDnat = isRedirect;
            add(chain, "direct connection to the listener", Reject{}, rule);
            Rule hook = hooked(protocol, m_chain);
            hook.destinationPorts = PortMatch{{port}};
            hook.comment = "sluice";
            filter.hookRules.push_back({Hook::Input, hook, true});
        };
        if (m_plan.usesTproxy()) {
            if (m_plan.coversGateway())
                add(chain, "intercepted", Return{}, withMark(m_plan.gatewayMark));
            if (m_plan.coversLocal())
                add(chain, "intercepted", Return{}, withMark(m_plan.localMark));
        }
        for (const Protocol protocol : tproxyProtocols())
            guard(protocol, *tproxyPort(protocol), false);
        if (m_plan.tcpRedirectPort)
            guard(Protocol::Tcp, *m_plan.tcpRedirectPort, true);
        filter.chains.push_back(chain);
        m_set.tables.push_back(filter);
    }
};

} // namespace

RuleSet buildRules(const InterceptionPlan &plan)
{
    return plan.flavour == Flavour::Exact ? ExactBuilder(plan).build() : SafeBuilder(plan).build();
}

} // namespace sluice::rules
