// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/daemon.h"

#include "daemon/config/config_check.h"
#include "daemon/log/log.h"
#include "daemon/net/socket_factory.h"
#include "daemon/interception/plan_from_config.h"
#include "daemon/service/runtime_builder.h"
#include "helper/apply/attached_networks.h"

#include <QCoreApplication>
#include <algorithm>
#include <cstdio>
#include <signal.h>
#include <sys/signalfd.h>
#include <thread>

namespace sluice {

namespace {

int defaultWorkers()
{
    // Half the processors: the programs whose traffic this is need the rest, and one worker moves tens of gigabits.
    return std::clamp(static_cast<int>(std::thread::hardware_concurrency()) / 2, 1, 4);
}

/// When a file was last written; the epoch when there is none.
std::filesystem::file_time_type changedAt(const std::string &path)
{
    std::error_code error;
    const auto time = std::filesystem::last_write_time(path, error);
    return error ? std::filesystem::file_time_type{} : time;
}

void say(const std::string &text)
{
    std::fprintf(stderr, "sluiced: %s\n", text.c_str());
}

} // namespace

Daemon::Daemon(Options options) : m_options(std::move(options))
{
    m_drainTick.setInterval(std::chrono::milliseconds(50));
    connect(&m_drainTick, &QTimer::timeout, this, &Daemon::checkDrained);
    connect(&m_listTick, &QTimer::timeout, this, &Daemon::reloadLists);
}

Daemon::~Daemon()
{
    removeRules();
    m_services.reset();
    log::flush();
}

int Daemon::start()
{
    const auto config = loadConfig();
    if (!config)
        return ExitInvalidConfig;
    if (config->services.empty()) {
        say("there is no service to run; give one with -L, or a configuration with -C");
        return ExitUsage;
    }
    watchSignals();
    if (hasRules()) {
        if (auto guarded = startGuard(); !guarded) {
            say(guarded.error().message);
            return ExitCannotStart;
        }
    }
    const int workers = m_options.workers > 0 ? m_options.workers : defaultWorkers();
    auto services = service::ServiceManager::create(net::raiseDescriptorLimit(), workers);
    if (!services) {
        say(services.error().message);
        return ExitCannotStart;
    }
    m_services = std::move(*services);
    if (auto applied = applyConfig(*config); !applied) {
        say(applied.error().message);
        return ExitCannotStart;
    }
    return ExitDone;
}

std::optional<config::Config> Daemon::loadConfig()
{
    config::LoadResult loaded = config::loadCommandLine(m_options.config);
    config::Issues issues = std::move(loaded.issues);
    if (!config::hasErrors(issues)) {
        const config::Issues found = config::checkConfig(loaded.config, loaded.document);
        issues.insert(issues.end(), found.begin(), found.end());
    }
    for (const config::Issue &issue : issues) {
        if (issue.severity != config::Severity::Note || m_options.debug > 0)
            std::fprintf(stderr, "%s\n", issue.toString().c_str());
    }
    if (config::hasErrors(issues))
        return std::nullopt;
    return std::move(loaded.config);
}

Result<void> Daemon::applyConfig(const config::Config &config)
{
    const auto flavour = m_options.flavour == "exact" ? plan::Flavour::Exact : plan::Flavour::Safe;
    ListFiles lists = listFilesOf(config); // before they are read, so that no change in between is missed
    auto services = service::buildServices(config, {hasRules() ? interception::guardMark(flavour) : 0}, m_services->services());
    if (!services)
        return std::move(services).error();
    if (hasRules()) {
        auto plan = makePlan(config);
        if (!plan)
            return std::move(plan).error();
        auto before = m_services->services();
        if (auto applied = m_services->apply(std::move(*services)); !applied)
            return applied;
        if (auto ruled = m_guard->apply(*plan); !ruled) {
            if (auto restored = m_services->apply(std::move(before)); !restored)
                log::Entry(log::Level::Error, "the services cannot be put back").field("err", restored.error().message);
            return ruled;
        }
        log::Entry(log::Level::Info, "interception rules are in place")
            .field("mode", m_options.rules).field("flavour", m_options.flavour).field("backend", m_options.backend);
    } else if (auto applied = m_services->apply(std::move(*services)); !applied) {
        return applied;
    }
    m_config = config;
    watchLists(std::move(lists));
    const log::Level level = m_options.debug > 1   ? log::Level::Trace
                             : m_options.debug > 0 ? log::Level::Debug
                                                   : log::levelOf(config.log.level);
    log::configure({level, config.log.format == "text" ? log::Format::Text : log::Format::Json, config.log.output});
    return {};
}

Daemon::ListFiles Daemon::listFilesOf(const config::Config &config)
{
    using namespace std::chrono_literals;
    ListFiles files;
    const auto add = [&files](const auto &objects) {
        for (const auto &object : objects) {
            if (object.file && object.file->reload > 0ns) {
                files.changed[object.file->path] = changedAt(object.file->path);
                files.period = std::min(files.period, std::max<Duration>(object.file->reload, 1s));
            }
        }
    };
    add(config.bypasses);
    add(config.admissions);
    add(config.hosts);
    add(config.authers);
    return files;
}

void Daemon::watchLists(ListFiles files)
{
    m_listFiles = std::move(files);
    if (m_listFiles.changed.empty())
        m_listTick.stop();
    else
        m_listTick.start(std::chrono::duration_cast<std::chrono::milliseconds>(m_listFiles.period));
}

void Daemon::reloadLists()
{
    bool hasChanged = false;
    for (auto &[path, changed] : m_listFiles.changed) {
        const auto now = changedAt(path);
        hasChanged = hasChanged || now != changed;
        changed = now;
    }
    if (!hasChanged || m_isStopping)
        return;
    log::Entry(log::Level::Info, "a list file changed; reading the lists again");
    if (auto applied = applyConfig(config::Config(m_config)); !applied)
        log::Entry(log::Level::Error, "the lists cannot be read; the old ones go on").field("err", applied.error().message);
}

Result<plan::InterceptionPlan> Daemon::makePlan(const config::Config &config) const
{
    interception::PlanOptions options;
    options.backEnd = m_options.backend == "nftables" ? plan::BackEnd::Nftables : plan::BackEnd::Iptables;
    options.flavour = m_options.flavour == "exact" ? plan::Flavour::Exact : plan::Flavour::Safe;
    options.mode = m_options.rules == "gateway" ? plan::Mode::Gateway
                   : m_options.rules == "local" ? plan::Mode::Local
                                                : plan::Mode::Both;
    options.families = m_options.families == "4"   ? plan::Families::IPv4
                       : m_options.families == "6" ? plan::Families::IPv6
                                                   : plan::Families::Both;
    options.guardMark = interception::guardMark(options.flavour);
    options.interceptPrefixes = m_options.intercept;
    options.attachedNetworks = apply::attachedNetworks();
    return interception::planFromConfig(config, options);
}

Result<void> Daemon::startGuard()
{
    auto guard = apply::InterceptionGuard::create({});
    if (!guard)
        return std::move(guard).error();
    m_guard = std::move(*guard);
    watchJanitor();
    return {};
}

/// Rules never stand without a janitor: if somebody kills it, there is a new one.
void Daemon::watchJanitor()
{
    m_janitorNotifier = std::make_unique<QSocketNotifier>(m_guard->janitorFd(), QSocketNotifier::Read);
    connect(m_janitorNotifier.get(), &QSocketNotifier::activated, this, [this] {
        log::Entry(log::Level::Warn, "the janitor process died; starting another");
        m_janitorNotifier->setEnabled(false);
        m_janitorNotifier.release()->deleteLater(); // it is calling us
        if (auto restarted = m_guard->restartJanitor(); !restarted)
            log::Entry(log::Level::Error, "cannot start a janitor; rules would stay if this process were killed")
                .field("err", restarted.error().message);
        else
            watchJanitor();
    });
}

void Daemon::removeRules()
{
    if (m_guard == nullptr)
        return;
    m_janitorNotifier.reset();
    if (auto removed = m_guard->stop(); !removed)
        log::Entry(log::Level::Error, "cannot remove the interception rules; the janitor tries again").field("err", removed.error().message);
    m_guard.reset();
}

void Daemon::watchSignals()
{
    // Blocked in this thread and in those that it starts; read one by one from a descriptor.
    sigset_t awaited;
    ::sigemptyset(&awaited);
    for (const int number : {SIGHUP, SIGTERM, SIGINT})
        ::sigaddset(&awaited, number);
    ::pthread_sigmask(SIG_BLOCK, &awaited, nullptr);
    ::signal(SIGPIPE, SIG_IGN);
    m_signals = UniqueFd(::signalfd(-1, &awaited, SFD_CLOEXEC | SFD_NONBLOCK));
    m_signalNotifier = std::make_unique<QSocketNotifier>(m_signals.get(), QSocketNotifier::Read);
    connect(m_signalNotifier.get(), &QSocketNotifier::activated, this, &Daemon::onSignal);
}

void Daemon::onSignal()
{
    signalfd_siginfo info{};
    while (::read(m_signals.get(), &info, sizeof info) == static_cast<ssize_t>(sizeof info)) {
        if (info.ssi_signo == SIGHUP)
            reload();
        else
            stop();
    }
}

void Daemon::reload()
{
    if (m_isStopping)
        return;
    log::Entry(log::Level::Info, "reading the configuration again");
    const auto config = loadConfig();
    if (!config) {
        log::Entry(log::Level::Error, "the new configuration is faulty; the old one goes on");
        return;
    }
    if (config->services.empty()) { // such as a file that is just being written
        log::Entry(log::Level::Error, "the new configuration has no service; the old one goes on");
        return;
    }
    if (auto applied = applyConfig(*config); !applied)
        log::Entry(log::Level::Error, "the new configuration cannot be used; the old one goes on").field("err", applied.error().message);
    else
        log::Entry(log::Level::Info, "the new configuration is in use");
}

void Daemon::stop()
{
    if (m_isStopping) {
        QCoreApplication::exit(ExitDone);
        return;
    }
    m_isStopping = true;
    removeRules();
    m_drainUntil = std::chrono::steady_clock::now() + m_options.drain;
    m_services->stopAccepting();
    m_drainTick.start();
    checkDrained();
}

void Daemon::checkDrained()
{
    if (m_services->liveSessions() > 0 && std::chrono::steady_clock::now() < m_drainUntil)
        return;
    m_drainTick.stop();
    m_services->closeSessions();
    QCoreApplication::exit(ExitDone);
}

} // namespace sluice
