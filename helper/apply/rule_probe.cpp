// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "helper/apply/rule_probe.h"

#include "helper/rules/iptables_script.h"
#include "helper/rules/nft_script.h"

#include <map>

namespace sluice::apply {

using namespace rules;

namespace {

/// A rule that needs one match or target only.
struct Piece
{
    std::string table;
    std::string rule;
};

/// Pieces by name: "TPROXY", "socket".
using Pieces = std::map<std::string, Piece>;

bool startsPart(const std::string &word)
{
    return word == "-d" || word == "-i" || word == "-o" || word == "-p" || word == "-m" || word == "-j";
}

void addPieces(Pieces &pieces, const std::string &table, const std::string &rule)
{
    const std::vector<std::string> words = splitRule(rule);
    std::string protocol;
    for (std::size_t i = 0; i < words.size();) {
        std::string part = words[i];
        std::size_t end = i + 1;
        for (; end < words.size() && !startsPart(words[end]); ++end)
            part.append(" ").append(words[end].find(' ') == std::string::npos ? words[end] : "text");
        if (words[i] == "-p")
            protocol = part + " ";
        else if (words[i] == "-m")
            pieces.try_emplace(words[i + 1], Piece{table, protocol + part + " -j RETURN"});
        else if (words[i] == "-j")
            pieces.try_emplace(words[i + 1], Piece{table, protocol + part});
        i = end;
    }
}

Pieces piecesOf(const IptablesTables &tables)
{
    Pieces pieces;
    for (const IptablesTable &table : tables) {
        for (const IptablesChain &chain : table.chains) {
            for (const std::string &rule : chain.rules)
                addPieces(pieces, table.name, rule);
        }
        for (const IptablesHookRule &hook : table.hookRules)
            addPieces(pieces, table.name, hook.rule);
        for (const IptablesChain &chain : table.chains)
            pieces.erase(chain.name); // a jump is no piece
    }
    return pieces;
}

/// Makes a chain with this rule and takes it away in the same transaction: the kernel judges, no packet sees it.
/// (`iptables-restore --test` does not ask the kernel with the nft variant.)
std::string probeText(const std::string &chain, const Piece &piece)
{
    return "*" + piece.table + "\n:" + chain + " - [0:0]\n-A " + chain + " " + piece.rule + "\n-F " + chain + "\n-X " +
           chain + "\nCOMMIT\n";
}

Result<void> probeIptables(RuleTools &tools, const RuleSet &rules, Family family)
{
    const Pieces pieces = piecesOf(iptablesTables(rules, family));
    const std::string chain = rules.chainPrefix + "_PROBE";
    std::string all;
    for (const auto &[name, piece] : pieces)
        all += probeText(chain, piece);
    Result<void> result = tools.iptablesRestore(family, all);
    if (result)
        return result;
    for (const auto &[name, piece] : pieces) {
        if (const Result<void> alone = tools.iptablesRestore(family, probeText(chain, piece)); !alone) {
            Error error = alone.error();
            if (error.code == ErrorCode::Failed)
                error.code = ErrorCode::Unsupported;
            return error.in("this system cannot do '" + name + "' in " + tools.tool(family, ""));
        }
    }
    return result;
}

} // namespace

Result<void> probe(RuleTools &tools, const RuleSet &rules, plan::BackEnd backEnd)
{
    if (backEnd == plan::BackEnd::Nftables) {
        const Result<void> result = tools.nftCheck(nftScript(rules));
        return result ? result : result.error().in("this system cannot do the nft rules");
    }
    for (const Family family : rules.families) {
        if (Result<void> result = probeIptables(tools, rules, family); !result)
            return result;
    }
    return {};
}

} // namespace sluice::apply
