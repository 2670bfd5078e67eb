// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "helper/rules/rule_preview.h"

#include "helper/rules/iptables_script.h"
#include "helper/rules/nft_script.h"
#include "helper/rules/routing_script.h"
#include "helper/rules/rule_builder.h"

#include <algorithm>

namespace sluice::rules {

namespace {

using Lines = std::vector<std::string>;

std::string joined(const Arguments &words)
{
    std::string line;
    for (const std::string &word : words)
        line.append(line.empty() ? "" : " ").append(word);
    return line;
}

Lines routingLines(const RuleSet &rules, Verb verb)
{
    Lines lines;
    for (const Arguments &command : routingCommands(rules, verb))
        lines.push_back(joined(command));
    return lines;
}

/// Chains with their rules first, jumps last; for Undo the jumps first.
Lines iptablesLines(const RuleSet &rules, Family family, Direction direction)
{
    const std::string tool = family == Family::IPv4 ? "iptables -t " : "ip6tables -t ";
    Lines bodies, jumps, removals;
    for (const IptablesTable &table : iptablesTables(rules, family)) {
        const std::string start = tool + table.name;
        for (const IptablesChain &chain : table.chains) {
            bodies.push_back(start + " -N " + chain.name);
            for (const std::string &rule : chain.rules)
                bodies.push_back(start + " -A " + chain.name + " " + rule);
            removals.push_back(start + " -F " + chain.name);
            removals.push_back(start + " -X " + chain.name);
        }
        for (const IptablesHookRule &hook : table.hookRules) {
            const std::string_view verb = direction == Direction::Undo ? " -D " : hook.isFirst ? " -I " : " -A ";
            jumps.push_back(std::string(start).append(verb).append(hook.chain).append(" ").append(hook.rule));
        }
    }
    Lines lines = direction == Direction::Undo ? jumps : bodies;
    const Lines &rest = direction == Direction::Undo ? removals : jumps;
    lines.insert(lines.end(), rest.begin(), rest.end());
    return lines;
}

Lines nftLines(const RuleSet &rules, Direction direction)
{
    // Single quotes hold: no command has one inside.
    Lines lines;
    if (direction == Direction::Undo)
        lines.push_back("nft 'delete table inet " + nftTableName(rules) + "'");
    else
        for (const std::string &command : nftCommands(rules))
            lines.push_back("nft '" + command + "'");
    return lines;
}

Lines filterLines(const RuleSet &rules, plan::BackEnd backEnd, Direction direction)
{
    if (backEnd == plan::BackEnd::Nftables)
        return nftLines(rules, direction);
    Lines lines;
    std::vector<Family> families = rules.families;
    if (direction == Direction::Undo)
        std::reverse(families.begin(), families.end());
    for (const Family family : families) {
        const Lines more = iptablesLines(rules, family, direction);
        lines.insert(lines.end(), more.begin(), more.end());
    }
    return lines;
}

} // namespace

std::string previewText(const plan::InterceptionPlan &plan, Direction direction)
{
    const RuleSet rules = buildRules(plan);
    Lines first = routingLines(rules, direction == Direction::Apply ? Verb::Add : Verb::Delete);
    Lines second = filterLines(rules, plan.backEnd, direction);
    if (direction == Direction::Undo)
        std::swap(first, second);
    first.insert(first.end(), second.begin(), second.end());
    std::string text;
    for (const std::string &line : first)
        text.append(line).append("\n");
    return text;
}

} // namespace sluice::rules
