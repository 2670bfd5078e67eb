// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "helper/apply/rule_applier.h"

#include "helper/apply/rule_probe.h"
#include "helper/plan/plan_validator.h"
#include "helper/rules/iptables_script.h"
#include "helper/rules/nft_script.h"
#include "helper/rules/routing_script.h"
#include "helper/rules/rule_builder.h"

#include <algorithm>
#include <array>
#include <functional>
#include <set>

namespace sluice::apply {

using namespace rules;
using plan::BackEnd;
using plan::InterceptionPlan;

namespace {

constexpr std::array families{Family::IPv4, Family::IPv6};
constexpr std::chrono::seconds lockTimeout(5);
constexpr std::uint32_t spareNumbers = 9; // how far table and preference may move to a free place

std::size_t indexOf(Family family)
{
    return family == Family::IPv4 ? 0 : 1;
}

/// Steps backwards until told that all went well.
class UndoStack
{
public:
    UndoStack() = default;
    UndoStack(const UndoStack &) = delete;
    UndoStack &operator=(const UndoStack &) = delete;

    void push(std::function<Result<void>()> step) { m_steps.push_back(std::move(step)); }

    /// Runs all steps, also after a failure, and returns the first one.
    Result<void> undo()
    {
        Result<void> first;
        for (auto step = m_steps.rbegin(); step != m_steps.rend(); ++step) {
            if (Result<void> result = (*step)(); !result && first)
                first = std::move(result);
        }
        m_steps.clear();
        return first;
    }

private:
    std::vector<std::function<Result<void>()>> m_steps;
};

bool isTagged(const IptablesTables &tables)
{
    const auto hasTag = [](const std::string &rule) {
        const std::vector<std::string> words = splitRule(rule);
        const auto comment = std::find(words.begin(), words.end(), "--comment");
        return comment != words.end() && std::next(comment) != words.end() && std::next(comment)->starts_with("sluice");
    };
    for (const IptablesTable &table : tables) {
        for (const IptablesChain &chain : table.chains) {
            if (chain.rules.empty() || !std::all_of(chain.rules.begin(), chain.rules.end(), hasTag))
                return false;
        }
    }
    return true;
}

bool isOurNftTable(const std::string &dump)
{
    // The second line; a rule's comment stands deeper.
    return dump.find("\n\tcomment \"sluice\"\n") != std::string::npos;
}

/// Rules in each chain of a listed table: all lines but the chain's own.
std::vector<NftChainSize> nftChainSizesOf(const std::string &dump)
{
    std::vector<NftChainSize> sizes;
    for (std::size_t start = 0; start < dump.size();) {
        const std::size_t end = std::min(dump.find('\n', start), dump.size());
        const std::string line = dump.substr(start, end - start);
        start = end + 1;
        if (line.starts_with("\tchain ")) {
            const std::size_t name = std::string_view("\tchain ").size();
            sizes.push_back({line.substr(name, line.find(' ', name) - name), 0});
        } else if (line.starts_with("\t\t") && !line.starts_with("\t\ttype ") && !sizes.empty()) {
            ++sizes.back().rules;
        }
    }
    return sizes;
}

/// The numbers by which rules and routes of the safe flavour are known.
bool isOurRule(const LiveIpRule &rule)
{
    static const InterceptionPlan safe = InterceptionPlan::safe();
    return rule.protocol == std::to_string(*safe.routeProtocol) && rule.mark && rule.isPlain &&
           rule.preference >= *safe.rulePreference && rule.preference <= *safe.rulePreference + spareNumbers;
}

std::string joined(const std::vector<std::string> &texts)
{
    std::string all;
    for (const std::string &text : texts)
        all.append(all.empty() ? "" : "; ").append(text);
    return all;
}

} // namespace

/// Our part of the kernel's state, and what else matters for a decision.
struct RuleApplier::Live
{
    std::array<IptablesTables, 2> tables;
    std::optional<std::string> nftDump; ///< a table of our name, ours or not
    std::array<std::vector<LiveIpRule>, 2> allRules;
    std::array<std::vector<IpRule>, 2> ourRules;
    std::vector<LocalRoute> ourRoutes;

    [[nodiscard]] bool hasIptables() const { return !tables[0].empty() || !tables[1].empty(); }
    [[nodiscard]] bool isTagged() const { return apply::isTagged(tables[0]) && apply::isTagged(tables[1]); }
};

Result<RuleApplier::Live> RuleApplier::readLive(RuleTools &tools, const AppliedJournal &journal) const
{
    Live live;
    for (const Family family : families) {
        const std::size_t index = indexOf(family);
        if (tools.hasIptables(family)) {
            Result<std::string> dump = tools.iptablesSave(family);
            if (!dump)
                return std::move(dump).error();
            live.tables[index] = parseIptablesSave(*dump, journal.chainPrefix, journal.tables(family));
        }
        Result<std::vector<LiveIpRule>> ipRules = tools.ipRules(family);
        if (!ipRules)
            return std::move(ipRules).error();
        live.allRules[index] = *ipRules;

        std::set<std::uint32_t> ourTables;
        for (const LiveIpRule &rule : *ipRules) {
            const bool isInJournal =
                std::any_of(journal.ipRules.begin(), journal.ipRules.end(),
                            [&](const IpRule &known) { return known.family == family && rule.isSame(known); });
            if (!isInJournal && !isOurRule(rule))
                continue;
            live.ourRules[index].push_back(rule.toRule(family));
            if (live.ourRules[index].back().table)
                ourTables.insert(*live.ourRules[index].back().table);
        }
        for (const LocalRoute &route : journal.routes) {
            if (route.family == family)
                ourTables.insert(route.table);
        }
        for (const std::uint32_t table : ourTables) {
            Result<std::vector<LiveRoute>> routes = tools.routes(family, table);
            if (!routes)
                return std::move(routes).error();
            const std::string tag = std::to_string(*InterceptionPlan::safe().routeProtocol);
            for (const LiveRoute &route : *routes) {
                const auto isKnown = [&](const LocalRoute &known) {
                    return known.family == family && known.table == table;
                };
                const bool isTaggedRoute = route.protocol == tag;
                if (route.type == "local" && route.destination == "default" &&
                    (isTaggedRoute || std::any_of(journal.routes.begin(), journal.routes.end(), isKnown)))
                    live.ourRoutes.push_back(
                        {family, table, isTaggedRoute ? InterceptionPlan::safe().routeProtocol : std::nullopt});
            }
        }
    }
    if (tools.hasNft()) {
        RuleSet names;
        names.chainPrefix = journal.chainPrefix;
        Result<std::optional<std::string>> dump = tools.nftTable(nftTableName(names));
        if (!dump)
            return std::move(dump).error();
        live.nftDump = std::move(*dump);
    }
    return live;
}

namespace {

Result<void> checkTools(const RuleTools &tools, const InterceptionPlan &plan)
{
    std::vector<std::string> missing;
    if (!tools.hasIp())
        missing.emplace_back("ip (package iproute2)");
    if (plan.backEnd == BackEnd::Nftables && !tools.hasNft())
        missing.emplace_back("nft (package nftables)");
    for (const Family family : families) {
        if (plan.backEnd == BackEnd::Iptables && plan.covers(family) && !tools.hasIptables(family))
            missing.push_back(tools.tool(family, "-restore") + " (package iptables)");
    }
    if (missing.empty())
        return {};
    return Error{ErrorCode::Unsupported, "missing: " + joined(missing)};
}

/// Table and preference `offset` further on.
InterceptionPlan moved(InterceptionPlan plan, std::uint32_t offset)
{
    plan.routingTable += offset;
    if (plan.rulePreference)
        *plan.rulePreference += offset;
    return plan;
}

class NumberChooser
{
public:
    NumberChooser(RuleTools &tools, const std::array<std::vector<LiveIpRule>, 2> &all,
                  const std::array<std::vector<IpRule>, 2> &ours, const std::vector<LocalRoute> &ourRoutes)
        : m_tools(tools)
        , m_all(all)
        , m_ours(ours)
        , m_ourRoutes(ourRoutes)
    {
    }

    /// The plan with numbers that nobody else uses; the ones in use by us stay, so that a new apply moves nothing.
    Result<InterceptionPlan> choose(const InterceptionPlan &plan)
    {
        if (!plan.usesTproxy())
            return plan;
        if (const Result<void> result = checkMarks(plan); !result)
            return result.error();
        const bool canMove = plan.flavour == plan::Flavour::Safe && plan.rulePreference;
        std::vector<std::uint32_t> offsets;
        for (std::uint32_t offset = 0; offset <= (canMove ? spareNumbers : 0); ++offset) {
            const auto isInUse = [&](const IpRule &rule) { return rule.table == plan.routingTable + offset; };
            const bool isOurs = std::any_of(m_ours[0].begin(), m_ours[0].end(), isInUse) ||
                                std::any_of(m_ours[1].begin(), m_ours[1].end(), isInUse);
            offsets.insert(isOurs ? offsets.begin() : offsets.end(), offset);
        }
        for (const std::uint32_t offset : offsets) {
            const Result<bool> isFree = areFree(moved(plan, offset));
            if (!isFree)
                return isFree.error();
            if (*isFree)
                return moved(plan, offset);
        }
        const std::string last = canMove ? " to " + std::to_string(plan.routingTable + spareNumbers) : "";
        return Error{ErrorCode::AddressInUse, "routing table " + std::to_string(plan.routingTable) + last +
                                                  " is used by another program (see 'ip rule' and 'ip route show table "
                                                  "all'); choose another table"};
    }

private:
    [[nodiscard]] bool isOurs(const LiveIpRule &rule, std::size_t index) const
    {
        return std::any_of(m_ours[index].begin(), m_ours[index].end(),
                           [&](const IpRule &ours) { return rule.isSame(ours); });
    }

    /// A rule of somebody else that our marked packets would meet first.
    Result<void> checkMarks(const InterceptionPlan &plan) const
    {
        for (const Family family : families) {
            for (const LiveIpRule &rule : m_all[indexOf(family)]) {
                if (!plan.covers(family) || !rule.mark || rule.mark->mask == 0 || isOurs(rule, indexOf(family)))
                    continue;
                const auto isCaught = [&](const plan::Mark &ours) {
                    return (rule.mark->mask & ours.mask) != 0 && rule.mark->matches(ours.value);
                };
                if (plan.flavour == plan::Flavour::Safe && (isCaught(plan.gatewayMark) || isCaught(plan.localMark)))
                    return Error{ErrorCode::AddressInUse,
                                 "the ip rule with preference " + std::to_string(rule.preference) +
                                     " of another program catches packets with our mark; choose another mark"};
            }
        }
        return {};
    }

    Result<bool> areFree(const InterceptionPlan &plan) const
    {
        for (const Family family : families) {
            if (!plan.covers(family))
                continue;
            for (const LiveIpRule &rule : m_all[indexOf(family)]) {
                const bool isSameNumber =
                    rule.table == std::to_string(plan.routingTable) || plan.rulePreference == rule.preference;
                // The exact flavour shares its table with rules typed from the tutorial: they mean the same.
                const bool isSameMeaning =
                    plan.flavour == plan::Flavour::Exact && rule.mark && rule.mark->value == plan.gatewayMark.value;
                if (isSameNumber && !isSameMeaning && !isOurs(rule, indexOf(family)))
                    return false;
            }
            const auto isOurTable = [&](const LocalRoute &route) {
                return route.family == family && route.table == plan.routingTable;
            };
            const auto owned = std::count_if(m_ourRoutes.begin(), m_ourRoutes.end(), isOurTable);
            const Result<std::vector<LiveRoute>> routes = m_tools.routes(family, plan.routingTable);
            if (!routes)
                return routes.error();
            if (static_cast<std::ptrdiff_t>(routes->size()) > owned)
                return false;
        }
        return true;
    }

    RuleTools &m_tools;
    const std::array<std::vector<LiveIpRule>, 2> &m_all;
    const std::array<std::vector<IpRule>, 2> &m_ours;
    const std::vector<LocalRoute> &m_ourRoutes;
};

IptablesTables wantedTables(const RuleSet &rules, BackEnd backEnd, Family family)
{
    const bool isCovered = std::count(rules.families.begin(), rules.families.end(), family) > 0;
    return backEnd == BackEnd::Iptables && isCovered ? iptablesTables(rules, family) : IptablesTables();
}

/// Hook rules only: chains are known by their names.
IptablesTables hooksOf(IptablesTables tables)
{
    for (IptablesTable &table : tables)
        table.chains.clear();
    return tables;
}

/// Writes down the preferences that the kernel chose, so that ours and a like rule of somebody else stay apart.
Result<void> pinPreferences(RuleTools &tools, std::vector<IpRule> &rules,
                            const std::array<std::vector<LiveIpRule>, 2> &before,
                            const std::array<std::vector<IpRule>, 2> &oursBefore)
{
    for (IpRule &rule : rules) {
        if (rule.preference)
            continue;
        const std::size_t index = indexOf(rule.family);
        const Result<std::vector<LiveIpRule>> now = tools.ipRules(rule.family);
        if (!now)
            return now.error();
        for (const LiveIpRule &live : *now) {
            const bool wasOurs = std::any_of(oursBefore[index].begin(), oursBefore[index].end(),
                                             [&](const IpRule &known) { return live.isSame(known); });
            const bool wasThere = std::any_of(before[index].begin(), before[index].end(), [&](const LiveIpRule &known) {
                return known.preference == live.preference && live.isSame(known.toRule(rule.family));
            });
            if (live.isSame(rule) && (wasOurs || !wasThere)) {
                rule.preference = live.preference;
                break;
            }
        }
    }
    return {};
}

/// The tables that `others` does not have in the same state.
IptablesTables without(IptablesTables tables, const IptablesTables &others)
{
    std::erase_if(tables, [&others](const IptablesTable &table) {
        return std::find(others.begin(), others.end(), table) != others.end();
    });
    return tables;
}

template <typename Value>
void addMissing(std::vector<Value> &list, const std::vector<Value> &more)
{
    for (const Value &value : more) {
        if (std::count(list.begin(), list.end(), value) == 0)
            list.push_back(value);
    }
}

/// One apply, from decided rules to verified ones.
class Transaction
{
public:
    Transaction(RuleTools &tools, const RuleSet &rules, BackEnd backEnd)
        : m_tools(tools)
        , m_rules(rules)
        , m_backEnd(backEnd)
    {
    }

    Result<void> run(const std::array<IptablesTables, 2> &tables, const std::optional<std::string> &nftDump,
                     const std::array<std::vector<IpRule>, 2> &ipRules,
                     const std::array<std::vector<LiveIpRule>, 2> &allRules, const std::vector<LocalRoute> &routes)
    {
        Result<void> result = steps(tables, nftDump, ipRules, allRules, routes);
        if (result)
            return result;
        Error error = std::move(result).error();
        if (const Result<void> undone = m_undo.undo(); !undone)
            error.message += "; going back failed as well: " + undone.error().message;
        return error;
    }

private:
    Result<void> steps(const std::array<IptablesTables, 2> &tables, const std::optional<std::string> &nftDump,
                       const std::array<std::vector<IpRule>, 2> &ipRules,
                       const std::array<std::vector<LiveIpRule>, 2> &allRules, const std::vector<LocalRoute> &routes)
    {
        // Nothing looks at a route before its rule is there, nothing has the mark before the tables are.
        for (const LocalRoute &route : m_rules.routes) {
            if (std::count(routes.begin(), routes.end(), route) > 0)
                continue;
            if (Result<void> result = ipStep(routeArguments(route, Verb::Add), routeArguments(route, Verb::Delete));
                !result)
                return result;
        }
        for (const IpRule &rule : m_rules.ipRules) {
            const auto &ours = ipRules[indexOf(rule.family)];
            const auto isPresent = [&](const LiveIpRule &live) {
                return live.isSame(rule) &&
                       std::any_of(ours.begin(), ours.end(), [&](const IpRule &known) { return live.isSame(known); });
            };
            const auto &all = allRules[indexOf(rule.family)];
            if (std::any_of(all.begin(), all.end(), isPresent))
                continue;
            if (Result<void> result = ipStep(ipRuleArguments(rule, Verb::Add), ipRuleArguments(rule, Verb::Delete));
                !result)
                return result;
        }
        for (const Family family : {Family::IPv6, Family::IPv4}) {
            const IptablesTables &from = tables[indexOf(family)], to = wantedTables(m_rules, m_backEnd, family);
            if (Result<void> result = iptablesStep(family, from, to); !result)
                return result;
        }
        const bool wantsNft = m_backEnd == BackEnd::Nftables;
        if (wantsNft || nftDump) {
            const std::string removal = nftRemoval(nftTableName(m_rules));
            m_undo.push([this, removal, nftDump] { return m_tools.nft(removal + nftDump.value_or("")); });
            if (Result<void> result = m_tools.nft(wantsNft ? nftScript(m_rules) : removal); !result)
                return result;
        }
        if (Result<void> result = removeStale(ipRules, routes); !result)
            return result;
        return verify();
    }

    Result<void> ipStep(const Arguments &words, const Arguments &opposite)
    {
        const Result<void> result = m_tools.ip(words);
        if (result)
            m_undo.push([this, opposite] { return m_tools.ip(opposite); });
        return result;
    }

    Result<void> iptablesStep(Family family, const IptablesTables &from, const IptablesTables &to)
    {
        const std::string text = iptablesTransition(from, to);
        if (text.empty())
            return {};
        // Pushed before the step: one of its tables may be committed when the next one fails.
        m_undo.push([this, family, from, to] {
            Result<IptablesTables> now = readTables(family, to);
            if (!now)
                return Result<void>(now.error());
            // Untouched tables stay untouched: what failed in one of them would fail again.
            const std::string back = iptablesTransition(without(*now, from), without(from, *now));
            return back.empty() ? Result<void>() : m_tools.iptablesRestore(family, back);
        });
        return m_tools.iptablesRestore(family, text);
    }

    Result<IptablesTables> readTables(Family family, const IptablesTables &known)
    {
        return m_tools.iptablesSave(family).andThen([&](const std::string &dump) -> Result<IptablesTables> {
            return parseIptablesSave(dump, m_rules.chainPrefix, known);
        });
    }

    /// Rules and routes of ours that the new set no longer has.
    Result<void> removeStale(const std::array<std::vector<IpRule>, 2> &ipRules, const std::vector<LocalRoute> &routes)
    {
        for (const auto &list : ipRules) {
            for (const IpRule &rule : list) {
                const auto isWanted = [&](IpRule wanted) {
                    // What is not wanted in particular was chosen by the kernel.
                    wanted.preference = wanted.preference ? wanted.preference : rule.preference;
                    wanted.protocol = wanted.protocol ? wanted.protocol : rule.protocol;
                    return wanted == rule;
                };
                if (std::any_of(m_rules.ipRules.begin(), m_rules.ipRules.end(), isWanted))
                    continue;
                if (Result<void> result = ipStep(ipRuleArguments(rule, Verb::Delete), ipRuleArguments(rule, Verb::Add));
                    !result)
                    return result;
            }
        }
        for (const LocalRoute &route : routes) {
            if (std::count(m_rules.routes.begin(), m_rules.routes.end(), route) > 0)
                continue;
            if (Result<void> result = ipStep(routeArguments(route, Verb::Delete), routeArguments(route, Verb::Add));
                !result)
                return result;
        }
        return {};
    }

    /// Reads everything back: a tool's exit code is not proof.
    Result<void> verify()
    {
        for (const Family family : families) {
            const IptablesTables wanted = wantedTables(m_rules, m_backEnd, family);
            if (wanted.empty())
                continue;
            const Result<IptablesTables> now = readTables(family, wanted);
            if (!now)
                return now.error();
            if (!haveSameShape(*now, wanted))
                return Error{ErrorCode::Failed, m_tools.tool(family, "-save") + " shows other rules than were loaded; "
                                                                                "is another program changing them?"};
        }
        if (m_backEnd == BackEnd::Nftables) {
            const Result<std::optional<std::string>> dump = m_tools.nftTable(nftTableName(m_rules));
            if (!dump)
                return dump.error();
            if (nftChainSizesOf(dump->value_or("")) != nftChainSizes(m_rules))
                return Error{ErrorCode::Failed, "nft shows other rules than were loaded; is another program changing "
                                                "them?"};
        }
        for (const Family family : families) {
            const Result<std::vector<LiveIpRule>> all = m_tools.ipRules(family);
            if (!all)
                return all.error();
            for (const IpRule &rule : m_rules.ipRules) {
                if (rule.family == family &&
                    std::none_of(all->begin(), all->end(), [&](const LiveIpRule &live) { return live.isSame(rule); }))
                    return Error{ErrorCode::Failed, "an ip rule is missing right after it was added; is another "
                                                    "program changing them?"};
            }
        }
        for (const LocalRoute &route : m_rules.routes) {
            const Result<std::vector<LiveRoute>> list = m_tools.routes(route.family, route.table);
            if (!list)
                return list.error();
            if (std::none_of(list->begin(), list->end(), [](const LiveRoute &live) { return live.type == "local"; }))
                return Error{ErrorCode::Failed, "the route in table " + std::to_string(route.table) +
                                                    " is missing right after it was added"};
        }
        return {};
    }

    RuleTools &m_tools;
    const RuleSet &m_rules;
    const BackEnd m_backEnd;
    UndoStack m_undo;
};

} // namespace

Result<AppliedRules> RuleApplier::apply(const InterceptionPlan &plan)
{
    if (const std::vector<std::string> problems = plan::validate(plan); !problems.empty())
        return Error{ErrorCode::InvalidArgument, "the interception plan cannot be used: " + joined(problems)};
    const Result<JournalFile> file = JournalFile::open(m_options.runtimeFolder);
    if (!file)
        return file.error();
    const Result<UniqueFd> lock = file->lock(lockTimeout);
    if (!lock)
        return lock.error();

    const std::optional<AppliedJournal> before = file->read();
    if (before && before->isOwnedByAnotherLiveProcess())
        return Error{ErrorCode::AddressInUse, "interception is already on, by process " +
                                                  std::to_string(before->owner) + "; stop that one first"};
    if (before && (before->iptables != m_options.iptables || before->chainPrefix != plan.chainPrefix)) {
        // Other tools or other names see nothing of those rules: no way to replace them without a gap.
        if (const Result<void> result = removeLocked(*file, *before); !result)
            return result.error();
    }
    AppliedJournal journal = file->read().value_or(AppliedJournal());
    const bool hadJournal = journal.owner != 0;
    journal.iptables = m_options.iptables;
    journal.chainPrefix = plan.chainPrefix;

    RuleTools tools(m_runner, m_options.iptables);
    if (const Result<void> result = checkTools(tools, plan); !result)
        return result.error();
    Result<Live> live = readLive(tools, journal);
    if (!live)
        return std::move(live).error();
    if (!hadJournal && live->hasIptables() && !live->isTagged())
        return Error{ErrorCode::AddressInUse, "an iptables chain named " + plan.chainPrefix +
                                                  " (or _LOCAL, _DIVERT) exists and is not ours; rename or delete it"};
    if (live->nftDump && !isOurNftTable(*live->nftDump))
        return Error{ErrorCode::AddressInUse, "an nft table of our name exists and is not ours; rename or delete it"};

    const Result<InterceptionPlan> chosen =
        NumberChooser(tools, live->allRules, live->ourRules, live->ourRoutes).choose(plan);
    if (!chosen)
        return chosen.error();
    AppliedRules applied{*chosen, buildRules(*chosen)};
    if (const Result<void> result = probe(tools, applied.rules, plan.backEnd); !result)
        return result.error();

    AppliedJournal wanted = journal;
    wanted.setOwnerToThisProcess();
    wanted.tables4 = hooksOf(wantedTables(applied.rules, plan.backEnd, Family::IPv4));
    wanted.tables6 = hooksOf(wantedTables(applied.rules, plan.backEnd, Family::IPv6));
    wanted.ipRules = applied.rules.ipRules;
    wanted.routes = applied.rules.routes;
    // While old becomes new, the journal knows both: whoever cleans up after us finds all.
    AppliedJournal both = wanted;
    both.tables4.insert(both.tables4.end(), journal.tables4.begin(), journal.tables4.end());
    both.tables6.insert(both.tables6.end(), journal.tables6.begin(), journal.tables6.end());
    addMissing(both.ipRules, journal.ipRules);
    addMissing(both.routes, journal.routes);
    if (const Result<void> result = file->write(both); !result)
        return result.error();

    const Result<void> result = Transaction(tools, applied.rules, plan.backEnd)
                                    .run(live->tables, live->nftDump, live->ourRules, live->allRules, live->ourRoutes);
    if (result) {
        // The rules stand. Should this last write fail, the journal before it names them as well.
        if (const Result<void> pinned = pinPreferences(tools, wanted.ipRules, live->allRules, live->ourRules); pinned)
            static_cast<void>(file->write(wanted));
        return applied;
    }
    if (const Result<void> restored = hadJournal ? file->write(journal) : file->erase(); !restored)
        return result.error().in(restored.error().message);
    return result.error();
}

Result<void> RuleApplier::remove()
{
    const Result<JournalFile> file = JournalFile::open(m_options.runtimeFolder);
    if (!file)
        return file.error();
    const Result<UniqueFd> lock = file->lock(lockTimeout);
    if (!lock)
        return lock.error();
    AppliedJournal journal;
    journal.iptables = m_options.iptables;
    return removeLocked(*file, file->read().value_or(journal));
}

Result<void> RuleApplier::removeLocked(const JournalFile &file, const AppliedJournal &journal)
{
    RuleTools tools(m_runner, journal.iptables);
    const Result<Live> live = readLive(tools, journal);
    if (!live)
        return live.error();
    Result<void> first;
    const auto note = [&first](Result<void> result) {
        if (!result && first)
            first = std::move(result);
    };
    if (live->nftDump && isOurNftTable(*live->nftDump)) {
        RuleSet names;
        names.chainPrefix = journal.chainPrefix;
        note(tools.nft(nftRemoval(nftTableName(names))));
    }
    if (journal.owner != 0 || live->isTagged()) {
        for (const Family family : families) {
            const std::string text = iptablesTransition(live->tables[indexOf(family)], {});
            if (!text.empty())
                note(tools.iptablesRestore(family, text));
        }
    }
    for (const auto &list : live->ourRules) {
        for (const IpRule &rule : list)
            note(tools.ip(ipRuleArguments(rule, Verb::Delete)));
    }
    for (const LocalRoute &route : live->ourRoutes)
        note(tools.ip(routeArguments(route, Verb::Delete)));
    if (first)
        note(file.erase());
    return first;
}

} // namespace sluice::apply
