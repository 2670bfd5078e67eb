// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "helper/rules/nft_script.h"

#include "helper/rules/number_text.h"

#include <algorithm>

namespace sluice::rules {

namespace {

struct NftChain
{
    std::string name;
    std::string hook; ///< "type … hook … priority …;", empty for a chain that is only jumped to
    std::vector<std::string> rules;
};

std::string_view tableWord(Table table)
{
    switch (table) {
    case Table::Mangle: return "mangle";
    case Table::Nat: return "nat";
    case Table::Filter: return "filter";
    }
    return {};
}

/// Chains of all tables share one namespace here.
std::string chainName(Table table, std::string_view name)
{
    return std::string(tableWord(table)).append("_").append(name);
}

std::string_view hookWord(Hook hook)
{
    switch (hook) {
    case Hook::Prerouting: return "prerouting";
    case Hook::Input: return "input";
    case Hook::Output: return "output";
    }
    return {};
}

std::string hookText(Table table, Hook hook)
{
    const std::string at = std::string(" hook ").append(hookWord(hook)).append(" priority ");
    switch (table) {
    // Type route: a new mark in the output hook asks the routing table again.
    case Table::Mangle: return (hook == Hook::Output ? "type route" : "type filter") + at + "mangle;";
    // The names dstnat and srcnat are not known in the output hook; -100 is dstnat.
    case Table::Nat: return "type nat" + at + "-100;";
    case Table::Filter: return "type filter" + at + "filter;";
    }
    return {};
}

std::string setMarkText(const plan::Mark &mark)
{
    if (mark.mask == 0xffffffff)
        return "meta mark set " + hexText(mark.value);
    return "meta mark set meta mark & " + hexText(~mark.mask) + " | " + hexText(mark.value);
}

std::string_view protocolText(Protocol protocol)
{
    return protocol == Protocol::Tcp ? "meta l4proto tcp" : "meta l4proto udp";
}

std::string portsText(const std::vector<std::uint16_t> &ports)
{
    return ports.size() == 1 ? std::to_string(ports.front()) : "{ " + joinNumbers(ports, ", ") + " }";
}

std::string matchText(const Rule &rule)
{
    std::string text;
    const auto add = [&text](std::string_view words) { text.append(words).append(" "); };
    if (rule.destination)
        add((rule.destination->family() == Family::IPv4 ? "ip daddr " : "ip6 daddr ") + rule.destination->toString());
    else if (rule.family)
        add(*rule.family == Family::IPv4 ? "meta nfproto ipv4" : "meta nfproto ipv6");
    if (!rule.inInterface.empty())
        add("iifname \"" + rule.inInterface + "\"");
    if (!rule.outInterface.empty())
        add("oifname \"" + rule.outInterface + "\"");
    if (rule.protocol)
        add(protocolText(*rule.protocol));
    if (rule.destinationPorts)
        add(std::string("th dport ") + (rule.destinationPorts->isNegated ? "!= " : "") +
            portsText(rule.destinationPorts->ports));
    if (rule.mark)
        add("meta mark " + (rule.mark->mark.mask == 0xffffffff ? "" : "& " + hexText(rule.mark->mark.mask) + " ") +
            (rule.mark->isNegated ? "!= " : "== ") + hexText(rule.mark->mark.value));
    if (rule.socket)
        add(*rule.socket == SocketMatch::Transparent ? "socket transparent 1 socket wildcard 0" : "socket wildcard 0");
    if (rule.isReply)
        add("ct direction reply");
    if (rule.isNotDnat)
        add("ct status & dnat == 0");
    if (rule.destinationType)
        add(*rule.destinationType == DestinationType::Local ? "fib daddr type local" : "fib daddr type broadcast");
    if (rule.uid)
        add("meta skuid " + std::to_string(*rule.uid));
    return text;
}

std::string commentText(const Rule &rule)
{
    return rule.comment.empty() ? std::string() : " comment \"" + rule.comment + "\"";
}

std::string rejectText(std::optional<Protocol> protocol)
{
    return protocol == Protocol::Tcp ? "reject with tcp reset" : "reject with icmpx port-unreachable";
}

/// One rule of ours is one or more of nftables'.
class RuleText
{
public:
    RuleText(const Rule &rule, Table table, std::vector<std::string> &lines)
        : m_rule(rule)
        , m_table(table)
        , m_match(matchText(rule))
        , m_lines(lines)
    {
        std::visit(*this, rule.action);
    }

    void operator()(const Return &) const { line(m_match + "return"); }
    void operator()(const Accept &) const { line(m_match + "accept"); }
    void operator()(const Jump &jump) const { line(m_match + "jump " + chainName(m_table, jump.chain)); }
    void operator()(const SetMark &set) const { line(m_match + setMarkText(set.mark)); }
    void operator()(const Tproxy &tproxy) const
    {
        // A rule that looks at one family's address must name the family here too.
        const std::string_view family = !m_rule.destination                            ? "to"
                                        : m_rule.destination->family() == Family::IPv4 ? "ip to"
                                                                                       : "ip6 to";
        line(m_match + "tproxy " + std::string(family) + " :" + std::to_string(tproxy.port) + " " +
             setMarkText(tproxy.mark) + " accept");
        // Without a listener the kernel skips the tproxy rule, where iptables drops: never let it go out directly.
        line(m_match + rejectText(m_rule.protocol));
    }
    void operator()(const Redirect &redirect) const { line(m_match + "redirect to :" + std::to_string(redirect.port)); }
    void operator()(const DnatToLoopback &dnat) const
    {
        const std::string port = std::to_string(dnat.port);
        if (m_rule.appliesTo(Family::IPv4))
            line("meta nfproto ipv4 " + m_match + "dnat ip to 127.0.0.1:" + port);
        if (m_rule.appliesTo(Family::IPv6))
            line("meta nfproto ipv6 " + m_match + "dnat ip6 to [::1]:" + port);
    }
    void operator()(const Reject &) const { line(m_match + rejectText(m_rule.protocol)); }

private:
    void line(const std::string &text) const { m_lines.push_back(text + commentText(m_rule)); }

    const Rule &m_rule;
    const Table m_table;
    const std::string m_match;
    std::vector<std::string> &m_lines;
};

bool appliesToAny(const Rule &rule, const std::vector<Family> &families)
{
    return std::any_of(families.begin(), families.end(), [&](Family family) { return rule.appliesTo(family); });
}

std::vector<NftChain> nftChains(const RuleSet &rules)
{
    std::vector<NftChain> own, hooks;
    for (const TableRules &table : rules.tables) {
        for (const Chain &chain : table.chains) {
            NftChain &target = own.emplace_back(NftChain{chainName(table.table, chain.name), {}, {}});
            for (const Rule &rule : chain.rules) {
                if (appliesToAny(rule, rules.families))
                    RuleText(rule, table.table, target.rules);
            }
        }
        for (const Hook hook : {Hook::Prerouting, Hook::Input, Hook::Output}) {
            NftChain chain{chainName(table.table, hookWord(hook)), hookText(table.table, hook), {}};
            for (const HookRule &hookRule : table.hookRules) {
                if (hookRule.hook != hook)
                    continue;
                Rule rule = hookRule.rule;
                if (rules.families.size() == 1)
                    rule.family = rules.families.front(); // an inet table sees both
                RuleText(rule, table.table, chain.rules);
            }
            if (!chain.rules.empty())
                hooks.push_back(chain);
        }
    }
    own.insert(own.end(), hooks.begin(), hooks.end());
    return own;
}

} // namespace

std::string nftTableName(const RuleSet &rules)
{
    std::string name = rules.chainPrefix;
    std::transform(name.begin(), name.end(), name.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    return name;
}

std::string nftScript(const RuleSet &rules)
{
    const std::string name = nftTableName(rules);
    // "add" before "delete": the delete must find something.
    std::string text = nftRemoval(name) + "table inet " + name + " {\n    comment \"sluice\"\n";
    for (const NftChain &chain : nftChains(rules)) {
        text.append("    chain ").append(chain.name).append(" {\n");
        if (!chain.hook.empty())
            text.append("        ").append(chain.hook).append("\n");
        for (const std::string &rule : chain.rules)
            text.append("        ").append(rule).append("\n");
        text.append("    }\n");
    }
    return text.append("}\n");
}

std::string nftRemoval(const std::string &tableName)
{
    return "add table inet " + tableName + "\ndelete table inet " + tableName + "\n";
}

std::vector<std::string> nftCommands(const RuleSet &rules)
{
    const std::string table = "inet " + nftTableName(rules);
    std::vector<std::string> commands{"add table " + table + " { comment \"sluice\"; }"};
    const std::vector<NftChain> chains = nftChains(rules);
    for (const NftChain &chain : chains) {
        const std::string hook = chain.hook.empty() ? std::string() : " { " + chain.hook + " }";
        commands.push_back("add chain " + table + " " + chain.name + hook);
    }
    for (const NftChain &chain : chains) {
        for (const std::string &rule : chain.rules)
            commands.push_back("add rule " + table + " " + chain.name + " " + rule);
    }
    return commands;
}

std::vector<NftChainSize> nftChainSizes(const RuleSet &rules)
{
    std::vector<NftChainSize> sizes;
    for (const NftChain &chain : nftChains(rules))
        sizes.push_back({chain.name, chain.rules.size()});
    return sizes;
}

} // namespace sluice::rules
