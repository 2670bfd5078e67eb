// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
//
// What is applied, as a file in a run-time folder: enough to take it away when its owner is dead.
#pragma once

#include "helper/base/result.h"
#include "helper/base/unique_fd.h"
#include "helper/rules/iptables_script.h"
#include "helper/rules/rule_set.h"

#include <chrono>
#include <optional>
#include <string>
#include <sys/types.h>

namespace sluice::apply {

/// What may be in the kernel because of us. Safe rules can also be told by their tags; exact ones only by this.
/// Thread: any (plain value).
struct AppliedJournal
{
    pid_t owner = 0;
    std::uint64_t ownerStartTime = 0;  ///< /proc/PID/stat, field 22: tells a reused pid
    std::string iptables = "iptables"; ///< or "iptables-nft", "iptables-legacy"
    std::string chainPrefix = "SLUICE";
    rules::IptablesTables tables4, tables6; ///< only their hook rules
    std::vector<rules::IpRule> ipRules;
    std::vector<rules::LocalRoute> routes;

    [[nodiscard]] bool isOwnedByAnotherLiveProcess() const;
    void setOwnerToThisProcess();
    [[nodiscard]] const rules::IptablesTables &tables(Family family) const
    {
        return family == Family::IPv4 ? tables4 : tables6;
    }

    [[nodiscard]] std::string toText() const;
    static std::optional<AppliedJournal> parse(std::string_view text);
};

/// The journal and the lock of this network namespace: their names hold its inode, so that one folder can serve
/// several namespaces. Thread: one at a time.  Owner: RuleApplier.
class JournalFile
{
public:
    /// Makes the folder (mode 0700) if it is missing.
    static Result<JournalFile> open(const std::string &folder);

    /// Nothing when there is none, or when it cannot be understood.
    [[nodiscard]] std::optional<AppliedJournal> read() const;
    /// Whole or not at all; on the disk when it returns.
    Result<void> write(const AppliedJournal &journal) const;
    Result<void> erase() const;

    /// Taken until the result is closed *and* every tool started meanwhile has ended (they inherit it): whoever gets it
    /// next meets no half-done work of a dead owner.
    [[nodiscard]] Result<UniqueFd> lock(std::chrono::milliseconds timeout) const;

private:
    explicit JournalFile(std::string stem)
        : m_stem(std::move(stem))
    {
    }

    std::string m_stem;
};

} // namespace sluice::apply
