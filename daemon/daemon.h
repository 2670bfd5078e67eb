// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
//
// The daemon as a whole: configuration in, services running, signals answered.
#pragma once

#include "daemon/options.h"
#include "daemon/service/service_manager.h"
#include "helper/apply/interception_guard.h"
#include "helper/base/unique_fd.h"

#include <QObject>
#include <QSocketNotifier>
#include <QTimer>
#include <filesystem>
#include <map>
#include <memory>

namespace sluice {

/// Exit codes of sluiced.
enum DaemonExit : int { ExitDone = 0, ExitCannotStart = 1, ExitUsage = 2, ExitInvalidConfig = 3 };

/// Thread: main.  Owner: main().
/// With --rules: listeners are bound before the first rule stands, and rules are gone before a listener closes.
/// SIGHUP: the configuration is read again; if it is faulty, what runs goes on. SIGTERM, SIGINT: nothing more is accepted,
/// open connections get `drain` to finish, then exit 0; a second signal exits at once.
class Daemon final : public QObject
{
    Q_OBJECT

public:
    explicit Daemon(Options options);
    ~Daemon() override;

    /// Everything up to the running loop. ExitDone, or what to exit with; the reason is on stderr.
    [[nodiscard]] int start();

private:
    /// Configuration that can run, or nothing (the reasons are printed).
    [[nodiscard]] std::optional<config::Config> loadConfig();
    /// Services, rules and log as the configuration wants them, or all as it was.
    Result<void> applyConfig(const config::Config &config);
    [[nodiscard]] Result<plan::InterceptionPlan> makePlan(const config::Config &config) const;
    [[nodiscard]] bool hasRules() const { return m_options.rules != "none"; }
    Result<void> startGuard();
    void watchJanitor();
    /// Reads list files (bypass, admission, hosts, auther) again at their `reload` period, if they changed.
    struct ListFiles
    {
        std::map<std::string, std::filesystem::file_time_type> changed; ///< when each was last written
        Duration period = Duration::max();                              ///< the shortest
    };
    static ListFiles listFilesOf(const config::Config &config);
    void watchLists(ListFiles files);
    void reloadLists();
    void removeRules();
    void watchSignals();
    void onSignal();
    void reload();
    void stop();
    void checkDrained();

    Options m_options;
    std::unique_ptr<service::ServiceManager> m_services;
    std::unique_ptr<apply::InterceptionGuard> m_guard; ///< null without --rules
    std::unique_ptr<QSocketNotifier> m_janitorNotifier;
    UniqueFd m_signals; ///< signalfd
    std::unique_ptr<QSocketNotifier> m_signalNotifier;
    config::Config m_config; ///< what runs
    QTimer m_listTick;
    ListFiles m_listFiles;
    QTimer m_drainTick;
    std::chrono::steady_clock::time_point m_drainUntil{};
    bool m_isStopping = false;
};

} // namespace sluice
