// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
//
// Puts the rules of a plan into the kernel, whole or not at all, and takes them away again.
#pragma once

#include "helper/apply/applied_journal.h"
#include "helper/apply/command_runner.h"
#include "helper/apply/rule_tools.h"
#include "helper/plan/interception_plan.h"
#include "helper/rules/rule_set.h"

#include <string>
#include <vector>

namespace sluice::apply {

struct ApplyOptions
{
    std::string runtimeFolder = "/run/sluice"; ///< journal and lock; made if missing
    std::string iptables = "iptables";         ///< or "iptables-nft", "iptables-legacy"
    std::vector<std::string> toolFolders = {"/usr/sbin", "/sbin", "/usr/bin", "/bin"};
};

/// What stands in the kernel now: the plan with the table and preference that were free.
struct AppliedRules
{
    plan::InterceptionPlan plan;
    rules::RuleSet rules;
};

/// Thread: one at a time, across processes by a lock.  Blocks (tens of milliseconds, at most some seconds).
/// Errors: everything that stood in the way; then the state is the one before.
/// Only what is ours is ever touched: chains by name and tag, rules and routes by protocol number, exact ones by the
/// journal.
class RuleApplier
{
public:
    RuleApplier(CommandRunner &runner, ApplyOptions options)
        : m_runner(runner)
        , m_options(std::move(options))
    {
    }

    /// Also replaces rules of an earlier call, without a gap, and adopts or removes what a dead owner left.
    /// Refuses when another living process owns the rules.
    Result<AppliedRules> apply(const plan::InterceptionPlan &plan);

    /// Takes away everything of ours, whoever of us made it. Does what it can and reports the first failure.
    Result<void> remove();

private:
    struct Live;

    Result<Live> readLive(RuleTools &tools, const AppliedJournal &journal) const;
    Result<void> removeLocked(const JournalFile &file, const AppliedJournal &journal);

    CommandRunner &m_runner;
    const ApplyOptions m_options;
};

} // namespace sluice::apply
