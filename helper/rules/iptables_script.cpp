// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "helper/rules/iptables_script.h"

#include "helper/rules/number_text.h"

#include <algorithm>

namespace sluice::rules {

namespace {

std::string_view nameOf(Table table)
{
    switch (table) {
    case Table::Mangle: return "mangle";
    case Table::Nat: return "nat";
    case Table::Filter: return "filter";
    }
    return {};
}

std::string_view nameOf(Hook hook)
{
    switch (hook) {
    case Hook::Prerouting: return "PREROUTING";
    case Hook::Input: return "INPUT";
    case Hook::Output: return "OUTPUT";
    }
    return {};
}

std::string portsText(const PortMatch &match, Protocol protocol)
{
    const std::string ports = joinNumbers(match.ports, ",");
    if (match.ports.size() == 1 && !match.isNegated)
        return (protocol == Protocol::Tcp ? "-m tcp --dport " : "-m udp --dport ") + ports;
    return std::string("-m multiport ") + (match.isNegated ? "! " : "") + "--dports " + ports;
}

std::string matchText(const Rule &rule)
{
    std::string text;
    const auto add = [&text](std::string_view words) { text.append(" ").append(words); };
    if (rule.destination)
        add("-d " + rule.destination->toString());
    if (!rule.inInterface.empty())
        add("-i " + rule.inInterface);
    if (!rule.outInterface.empty())
        add("-o " + rule.outInterface);
    if (rule.protocol)
        add(*rule.protocol == Protocol::Tcp ? "-p tcp" : "-p udp");
    if (rule.destinationPorts)
        add(portsText(*rule.destinationPorts, *rule.protocol));
    if (rule.mark)
        add(std::string("-m mark ") + (rule.mark->isNegated ? "! " : "") + "--mark " + markText(rule.mark->mark));
    if (rule.socket)
        add(*rule.socket == SocketMatch::Transparent ? "-m socket --transparent" : "-m socket");
    if (rule.isReply)
        add("-m conntrack --ctdir REPLY");
    if (rule.isNotDnat)
        add("-m conntrack ! --ctstate DNAT");
    if (rule.destinationType)
        add(*rule.destinationType == DestinationType::Local ? "-m addrtype --dst-type LOCAL"
                                                            : "-m addrtype --dst-type BROADCAST");
    if (rule.uid)
        add("-m owner --uid-owner " + std::to_string(*rule.uid));
    if (!rule.comment.empty()) {
        const bool isWord = rule.comment.find_first_of(" :'") == std::string::npos;
        add("-m comment --comment " + (isWord ? rule.comment : '"' + rule.comment + '"'));
    }
    return text;
}

struct ActionText
{
    Family family;
    std::optional<Protocol> protocol;

    std::string operator()(const Return &) const { return "RETURN"; }
    std::string operator()(const Accept &) const { return "ACCEPT"; }
    std::string operator()(const Jump &jump) const { return jump.chain; }
    std::string operator()(const SetMark &set) const
    {
        return "MARK --set-xmark " + hexText(set.mark.value) + "/" + hexText(set.mark.mask);
    }
    std::string operator()(const Tproxy &tproxy) const
    {
        return "TPROXY --on-port " + std::to_string(tproxy.port) + " --on-ip " + IpAddress::any(family).toString() +
               " --tproxy-mark " + hexText(tproxy.mark.value) + "/" + hexText(tproxy.mark.mask);
    }
    std::string operator()(const Redirect &redirect) const
    {
        return "REDIRECT --to-ports " + std::to_string(redirect.port);
    }
    std::string operator()(const DnatToLoopback &dnat) const
    {
        return "DNAT --to-destination " + joinHostPort(IpAddress::loopback(family).toString(), dnat.port);
    }
    std::string operator()(const Reject &) const
    {
        if (protocol == Protocol::Tcp)
            return "REJECT --reject-with tcp-reset";
        return family == Family::IPv4 ? "REJECT --reject-with icmp-port-unreachable"
                                      : "REJECT --reject-with icmp6-port-unreachable";
    }
};

std::string ruleText(const Rule &rule, Family family)
{
    const std::string text = matchText(rule) + " -j " + std::visit(ActionText{family, rule.protocol}, rule.action);
    return text.substr(1);
}

/// What identifies a rule whatever version of iptables printed it.
std::vector<std::string> shapeOf(const std::string &rule)
{
    std::vector<std::string> shape;
    const std::vector<std::string> words = splitRule(rule);
    for (std::size_t i = 0; i + 1 < words.size(); ++i) {
        if (words[i] == "-d" || words[i] == "--comment" || words[i] == "-j")
            shape.push_back(words[i] + " " + words[i + 1]);
    }
    return shape;
}

/// The same for all tables, sorted: tables, chains and jumps may be dumped in any order, the rules of a chain may not.
std::vector<std::vector<std::string>> shapeOf(const IptablesTables &tables)
{
    std::vector<std::vector<std::string>> lines;
    const auto add = [&lines](std::vector<std::string> place, const std::string &rule) {
        for (std::string &word : shapeOf(rule))
            place.push_back(std::move(word));
        lines.push_back(std::move(place));
    };
    for (const IptablesTable &table : tables) {
        for (const IptablesChain &chain : table.chains) {
            lines.push_back({table.name, chain.name}); // a chain without rules counts too
            for (std::size_t i = 0; i < chain.rules.size(); ++i)
                add({table.name, chain.name, std::to_string(i)}, chain.rules[i]);
        }
        for (const IptablesHookRule &hook : table.hookRules)
            add({table.name, hook.chain}, hook.rule);
    }
    std::sort(lines.begin(), lines.end());
    return lines;
}

std::string targetOf(const std::string &rule)
{
    const std::vector<std::string> words = splitRule(rule);
    for (std::size_t i = 0; i + 1 < words.size(); ++i) {
        if (words[i] == "-j" || words[i] == "-g")
            return words[i + 1];
    }
    return {};
}

template <typename List>
auto findByName(List &list, std::string_view name)
{
    return std::find_if(list.begin(), list.end(), [name](const auto &item) { return item.name == name; });
}

IptablesTable tableOrEmpty(const IptablesTables &tables, std::string_view name)
{
    const auto found = findByName(tables, name);
    return found == tables.end() ? IptablesTable{std::string(name), {}, {}} : *found;
}

void appendTable(std::string &text, const IptablesTable &from, const IptablesTable &to)
{
    text.append("*").append(to.name).append("\n");
    // Declaring a chain makes it, or empties the one that is there (and only that one).
    for (const IptablesChain &chain : to.chains)
        text.append(":").append(chain.name).append(" - [0:0]\n");
    std::vector<std::string> leaving;
    for (const IptablesChain &chain : from.chains) {
        if (findByName(to.chains, chain.name) == to.chains.end())
            leaving.push_back(chain.name);
    }
    for (const std::string &name : leaving)
        text.append(":").append(name).append(" - [0:0]\n");
    for (const IptablesHookRule &hook : from.hookRules)
        text.append("-D ").append(hook.chain).append(" ").append(hook.rule).append("\n");
    for (const IptablesChain &chain : to.chains) {
        for (const std::string &rule : chain.rules)
            text.append("-A ").append(chain.name).append(" ").append(rule).append("\n");
    }
    for (const IptablesHookRule &hook : to.hookRules)
        text.append(hook.isFirst ? "-I " : "-A ").append(hook.chain).append(" ").append(hook.rule).append("\n");
    for (const std::string &name : leaving)
        text.append("-X ").append(name).append("\n");
    text.append("COMMIT\n");
}

} // namespace

IptablesTables iptablesTables(const RuleSet &rules, Family family)
{
    IptablesTables tables;
    for (const TableRules &source : rules.tables) {
        IptablesTable table{std::string(nameOf(source.table)), {}, {}};
        for (const Chain &chain : source.chains) {
            IptablesChain &target = table.chains.emplace_back(IptablesChain{chain.name, {}});
            for (const Rule &rule : chain.rules) {
                if (rule.appliesTo(family))
                    target.rules.push_back(ruleText(rule, family));
            }
        }
        for (const HookRule &hook : source.hookRules)
            table.hookRules.push_back({std::string(nameOf(hook.hook)), ruleText(hook.rule, family), hook.isFirst});
        tables.push_back(table);
    }
    return tables;
}

IptablesTables parseIptablesSave(std::string_view dump, std::string_view chainPrefix, const IptablesTables &known)
{
    const std::string prefix(chainPrefix);
    const auto isOurs = [&prefix](std::string_view name) {
        return name == prefix || name == prefix + "_LOCAL" || name == prefix + "_DIVERT";
    };
    IptablesTables tables;
    for (std::size_t start = 0; start < dump.size();) {
        const std::size_t end = std::min(dump.find('\n', start), dump.size());
        const std::string line(dump.substr(start, end - start));
        start = end + 1;
        if (line.starts_with("*")) {
            tables.push_back({line.substr(1), {}, {}});
        } else if (tables.empty()) {
            continue;
        } else if (line.starts_with(":")) {
            const std::string name = line.substr(1, line.find(' ') - 1);
            if (isOurs(name))
                tables.back().chains.push_back({name, {}});
        } else if (line.starts_with("-A ")) {
            const std::size_t space = line.find(' ', 3);
            if (space == std::string::npos)
                continue;
            const std::string chain = line.substr(3, space - 3), rule = line.substr(space + 1);
            if (isOurs(chain)) {
                const auto found = findByName(tables.back().chains, chain);
                if (found != tables.back().chains.end())
                    found->rules.push_back(rule);
                continue;
            }
            const IptablesTable ours = tableOrEmpty(known, tables.back().name);
            const auto isKnown = [&](const IptablesHookRule &hook) { return hook.chain == chain && hook.rule == rule; };
            if (isOurs(targetOf(rule)) || std::any_of(ours.hookRules.begin(), ours.hookRules.end(), isKnown))
                tables.back().hookRules.push_back({chain, rule, false});
        }
    }
    std::erase_if(tables, [](const IptablesTable &table) { return table.isEmpty(); });
    return tables;
}

std::string iptablesTransition(const IptablesTables &from, const IptablesTables &to)
{
    std::string text;
    for (const IptablesTable &table : to)
        appendTable(text, tableOrEmpty(from, table.name), table);
    for (const IptablesTable &table : from) {
        if (findByName(to, table.name) == to.end())
            appendTable(text, table, {table.name, {}, {}});
    }
    return text;
}

bool haveSameShape(const IptablesTables &first, const IptablesTables &second)
{
    return shapeOf(first) == shapeOf(second);
}

std::vector<std::string> splitRule(std::string_view rule)
{
    std::vector<std::string> words;
    bool isQuoted = false, isInWord = false;
    for (const char c : rule) {
        if (c == ' ' && !isQuoted) {
            isInWord = false;
            continue;
        }
        if (!isInWord)
            words.emplace_back();
        isInWord = true;
        if (c == '"')
            isQuoted = !isQuoted;
        else
            words.back().push_back(c);
    }
    return words;
}

} // namespace sluice::rules
