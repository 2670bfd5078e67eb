// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
//
// Rules that live as long as this process, however it ends: a small child process, the janitor, takes them away.
#pragma once

#include "helper/apply/rule_applier.h"
#include "helper/base/unique_fd.h"

#include <memory>
#include <sys/types.h>

namespace sluice::apply {

/// Applies plans and keeps a janitor for them. The janitor runs in a session of its own, ignores SIGINT, SIGTERM and
/// SIGHUP, holds no descriptor of ours but one end of a socket pair, and removes the rules when the other end closes.
/// Thread: one at a time; create() belongs before the first other thread, because it forks.
/// Owner: the foreground daemon.  Blocks as RuleApplier does.
class InterceptionGuard
{
public:
    /// A guard with its janitor, and no rules yet: listeners are bound between this and the first apply().
    static Result<std::unique_ptr<InterceptionGuard>> create(const ApplyOptions &options);
    /// create() and apply() in one.
    static Result<std::unique_ptr<InterceptionGuard>> start(const plan::InterceptionPlan &plan,
                                                            const ApplyOptions &options);
    InterceptionGuard(const InterceptionGuard &) = delete;
    InterceptionGuard &operator=(const InterceptionGuard &) = delete;
    ~InterceptionGuard(); ///< stop(); what that cannot remove, the janitor tries again

    [[nodiscard]] const AppliedRules &applied() const { return m_applied; }

    /// The first plan, or another in place of the present one, without a gap; on an error what was there stays.
    Result<void> apply(const plan::InterceptionPlan &plan);

    /// Readable when the janitor has died: call restartJanitor().
    [[nodiscard]] int janitorFd() const { return m_janitorFd.get(); }
    [[nodiscard]] pid_t janitorPid() const { return m_janitor; }
    Result<void> restartJanitor();

    /// Removes the rules and ends the janitor. On an error the janitor stays and tries when this process ends.
    Result<void> stop();

private:
    explicit InterceptionGuard(const ApplyOptions &options);
    Result<void> startJanitor();
    void dismissJanitor();

    const ApplyOptions m_options;
    const std::unique_ptr<CommandRunner> m_runner;
    RuleApplier m_applier;
    AppliedRules m_applied;
    bool m_isApplied = false;
    pid_t m_janitor = -1;
    UniqueFd m_janitorFd; ///< pidfd
    UniqueFd m_lifeline;  ///< one end of a socket pair; closes with this process
};

} // namespace sluice::apply
