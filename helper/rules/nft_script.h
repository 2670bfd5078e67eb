// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
//
// Rules in the language of nftables: one table of our own. Pure.
#pragma once

#include "helper/rules/rule_set.h"

#include <string>
#include <vector>

namespace sluice::rules {

/// "sluice" for the prefix SLUICE.
[[nodiscard]] std::string nftTableName(const RuleSet &rules);

/// Text for `nft -f -`: makes the table, or replaces the one that is there, in one transaction.
[[nodiscard]] std::string nftScript(const RuleSet &rules);

/// Text for `nft -f -` that takes the table away; works as well when there is none.
[[nodiscard]] std::string nftRemoval(const std::string &tableName);

/// The same as single commands ("add table inet sluice"), jumps last.
[[nodiscard]] std::vector<std::string> nftCommands(const RuleSet &rules);

/// How many rules the script makes in each chain, in the order of the script: for reading back.
struct NftChainSize
{
    std::string chain;
    std::size_t rules = 0;
    friend bool operator==(const NftChainSize &, const NftChainSize &) = default;
};
[[nodiscard]] std::vector<NftChainSize> nftChainSizes(const RuleSet &rules);

} // namespace sluice::rules
