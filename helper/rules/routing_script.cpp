// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "helper/rules/routing_script.h"

#include "helper/rules/number_text.h"

#include <algorithm>

namespace sluice::rules {

namespace {

Arguments ipCommand(Family family, std::string_view object, Verb verb)
{
    Arguments words{"ip"};
    if (family == Family::IPv6)
        words.emplace_back("-6");
    words.emplace_back(object);
    words.emplace_back(verb == Verb::Add ? "add" : "del");
    return words;
}

} // namespace

Arguments ipRuleArguments(const IpRule &rule, Verb verb)
{
    Arguments words = ipCommand(rule.family, "rule", verb);
    if (rule.preference)
        words.insert(words.end(), {"pref", std::to_string(*rule.preference)});
    if (rule.isFromLoopback)
        words.insert(words.end(), {"iif", "lo"});
    words.insert(words.end(), {"fwmark", markText(rule.mark)});
    words.insert(words.end(), {"lookup", rule.table ? std::to_string(*rule.table) : "main"});
    if (rule.protocol)
        words.insert(words.end(), {"protocol", std::to_string(*rule.protocol)});
    return words;
}

Arguments routeArguments(const LocalRoute &route, Verb verb)
{
    Arguments words = ipCommand(route.family, "route", verb);
    words.insert(words.end(), {"local", "default", "dev", "lo", "table", std::to_string(route.table)});
    if (route.protocol)
        words.insert(words.end(), {"proto", std::to_string(*route.protocol)});
    return words;
}

std::vector<Arguments> routingCommands(const RuleSet &rules, Verb verb)
{
    std::vector<Arguments> commands;
    for (const LocalRoute &route : rules.routes)
        commands.push_back(routeArguments(route, verb));
    for (const IpRule &rule : rules.ipRules)
        commands.push_back(ipRuleArguments(rule, verb));
    if (verb == Verb::Delete)
        std::reverse(commands.begin(), commands.end());
    return commands;
}

} // namespace sluice::rules
