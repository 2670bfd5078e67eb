// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
//
// The rule tools as functions: one call, one answer or one Error that says which tool refused what.
#pragma once

#include "helper/apply/command_runner.h"
#include "helper/rules/rule_set.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace sluice::apply {

/// A rule that `ip rule show` lists.
struct LiveIpRule
{
    std::uint32_t preference = 0;
    std::optional<plan::Mark> mark;
    std::string table; ///< "main", "4770"
    std::string protocol;
    bool isFromLoopback = false;
    bool isPlain = true; ///< it asks for nothing but mark and loopback

    [[nodiscard]] bool isSame(const rules::IpRule &rule) const;
    [[nodiscard]] rules::IpRule toRule(Family family) const;
};

struct LiveRoute
{
    std::string type, destination, protocol;
};

/// Thread: any, one call at a time.  Blocks while a tool runs.
class RuleTools
{
public:
    /// `iptables` is the family of iptables programs: "iptables", "iptables-nft" or "iptables-legacy".
    RuleTools(CommandRunner &runner, std::string iptables)
        : m_runner(runner)
        , m_iptables(std::move(iptables))
    {
    }

    [[nodiscard]] bool hasIptables(Family family) const { return m_runner.has(tool(family, "-restore")); }
    [[nodiscard]] bool hasNft() const { return m_runner.has("nft"); }
    [[nodiscard]] bool hasIp() const { return m_runner.has("ip"); }
    [[nodiscard]] std::string tool(Family family, std::string_view suffix) const;

    Result<std::string> iptablesSave(Family family);
    /// Leaves what is there and runs each table of the text as one transaction.
    Result<void> iptablesRestore(Family family, const std::string &text);

    /// The table as nft lists it; nothing when there is no such table.
    Result<std::optional<std::string>> nftTable(const std::string &name);
    Result<void> nft(const std::string &text);
    /// Asks the kernel whether it would take this text, without taking it.
    Result<void> nftCheck(const std::string &text);

    Result<std::vector<LiveIpRule>> ipRules(Family family);
    Result<std::vector<LiveRoute>> routes(Family family, std::uint32_t table);
    /// `words` start with "ip".
    Result<void> ip(const std::vector<std::string> &words);

private:
    Result<CommandOutput> succeed(const std::vector<std::string> &words, std::string_view input,
                                  std::size_t outputLimit);

    CommandRunner &m_runner;
    const std::string m_iptables;
};

} // namespace sluice::apply
