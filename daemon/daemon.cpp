// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/daemon.h"

#include "daemon/config/loader.h"
#include "daemon/log/log.h"
#include "daemon/net/socket_factory.h"
#include "daemon/service/runtime_builder.h"

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

void say(const std::string &text)
{
    std::fprintf(stderr, "sluiced: %s\n", text.c_str());
}

} // namespace

Daemon::Daemon(Options options) : m_options(std::move(options))
{
    m_drainTick.setInterval(std::chrono::milliseconds(50));
    connect(&m_drainTick, &QTimer::timeout, this, &Daemon::checkDrained);
}

Daemon::~Daemon()
{
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
    auto services = service::buildServices(config, {}, m_services->services());
    if (!services)
        return std::move(services).error();
    if (auto applied = m_services->apply(std::move(*services)); !applied)
        return applied;
    const log::Level level = m_options.debug > 1   ? log::Level::Trace
                             : m_options.debug > 0 ? log::Level::Debug
                                                   : log::levelOf(config.log.level);
    log::configure({level, config.log.format == "text" ? log::Format::Text : log::Format::Json, config.log.output});
    return {};
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
    log::Entry(log::Level::Info, "reading the configuration again");
    const auto config = loadConfig();
    if (!config) {
        log::Entry(log::Level::Error, "the new configuration is faulty; the old one goes on");
        return;
    }
    if (auto applied = applyConfig(*config); !applied)
        log::Entry(log::Level::Error, "the new configuration cannot be used; the old one goes on").field("err", applied.error().message);
}

void Daemon::stop()
{
    if (m_isStopping) {
        QCoreApplication::exit(ExitDone);
        return;
    }
    m_isStopping = true;
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
