// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
//
// Rules in the language of iptables: text for iptables-restore, and what iptables-save says of us. Pure.
// Rule text is written as iptables-save prints it, so that text and dump compare.
#pragma once

#include "helper/rules/rule_set.h"

#include <string>
#include <string_view>
#include <vector>

namespace sluice::rules {

struct IptablesChain
{
    std::string name;
    std::vector<std::string> rules; ///< what follows "-A NAME "
    friend bool operator==(const IptablesChain &, const IptablesChain &) = default;
};

struct IptablesHookRule
{
    std::string chain; ///< PREROUTING, INPUT or OUTPUT
    std::string rule;
    bool isFirst = false;
    friend bool operator==(const IptablesHookRule &, const IptablesHookRule &) = default;
};

/// Our part of one table of one family: own chains, and our rules in the built-in chains.
struct IptablesTable
{
    std::string name; ///< "mangle", "nat", "filter"
    std::vector<IptablesChain> chains;
    std::vector<IptablesHookRule> hookRules;

    [[nodiscard]] bool isEmpty() const { return chains.empty() && hookRules.empty(); }
    friend bool operator==(const IptablesTable &, const IptablesTable &) = default;
};

using IptablesTables = std::vector<IptablesTable>;

/// Our part of the tables for one family.
[[nodiscard]] IptablesTables iptablesTables(const RuleSet &rules, Family family);

/// Our part of a dump by iptables-save: the chains PREFIX, PREFIX_LOCAL and PREFIX_DIVERT, every jump to them from
/// other chains, and those rules of built-in chains that `known` has too.
[[nodiscard]] IptablesTables parseIptablesSave(std::string_view dump, std::string_view chainPrefix,
                                               const IptablesTables &known);

/// Text for `iptables-restore --noflush` that turns our part from `from` into `to`. Each table is one transaction;
/// chains that stay are refilled in place, so that no packet meets half of it. Empty when nothing is to be done.
[[nodiscard]] std::string iptablesTransition(const IptablesTables &from, const IptablesTables &to);

/// Whether both hold the same rules as far as they can be told apart: chain, order, destination, comment and target.
/// Other words may be printed differently by other versions of iptables.
[[nodiscard]] bool haveSameShape(const IptablesTables &first, const IptablesTables &second);

/// The words of a rule as printed by iptables-save; quotes hold a word together.
[[nodiscard]] std::vector<std::string> splitRule(std::string_view rule);

} // namespace sluice::rules
