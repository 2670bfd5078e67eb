// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
//
// The running services: starts them, exchanges them on reload by difference, drains and stops them.
#pragma once

#include "daemon/service/connection_budget.h"
#include "daemon/service/service_runtime.h"
#include "daemon/service/worker.h"

#include <chrono>
#include <memory>
#include <string>
#include <vector>

namespace sluice::service {

/// Thread: main.  Owner: Daemon.
/// apply() is all or nothing: every new socket is bound before anything changes. A listener whose address and options stay
/// the same is never closed; open connections keep the route that they were born with.
class ServiceManager
{
public:
    /// `descriptors`: the limit of open files; `workerCount`: I/O threads, at least one.
    static Result<std::unique_ptr<ServiceManager>> create(std::size_t descriptors, int workerCount);
    ~ServiceManager();

    /// From now on exactly these services run. On error nothing has changed.
    Result<void> apply(std::vector<ServiceRuntimePtr> services);

    /// No connection is accepted any more; open ones go on.
    void stopAccepting();
    void closeSessions();
    [[nodiscard]] std::size_t liveSessions() const { return m_budget.live(); }
    [[nodiscard]] const ConnectionBudget &budget() const { return m_budget; }
    [[nodiscard]] const std::vector<ServiceRuntimePtr> &services() const { return m_services; }

private:
    /// One listening address, on every worker.
    struct Listener
    {
        Worker::ListenerId id;
        std::string service;
        Endpoint at;
        net::ListenOptions options;
    };

    ServiceManager(std::size_t descriptors) : m_budget(descriptors) {}

    ConnectionBudget m_budget;
    std::vector<std::unique_ptr<Worker>> m_workers;
    std::vector<ServiceRuntimePtr> m_services;
    std::vector<Listener> m_listeners;
    Worker::ListenerId m_lastId = 0;
};

} // namespace sluice::service
