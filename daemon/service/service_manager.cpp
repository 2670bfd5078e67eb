// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/service/service_manager.h"

#include "daemon/log/log.h"

#include <algorithm>

namespace sluice::service {

Result<std::unique_ptr<ServiceManager>> ServiceManager::create(std::size_t descriptors, int workerCount)
{
    std::unique_ptr<ServiceManager> manager(new ServiceManager(descriptors));
    for (int i = 0; i < workerCount; ++i) {
        auto worker = Worker::create(manager->m_budget);
        if (!worker)
            return std::move(worker).error();
        (*worker)->start();
        manager->m_workers.push_back(std::move(*worker));
    }
    return manager;
}

ServiceManager::~ServiceManager() = default;

Result<void> ServiceManager::apply(std::vector<ServiceRuntimePtr> services)
{
    struct Opening
    {
        Listener listener;
        std::vector<UniqueFd> fds; // one per worker
        ServiceRuntimePtr service;
    };
    std::vector<Listener> kept;
    std::vector<Opening> opened;
    std::vector<std::pair<Worker::ListenerId, ServiceRuntimePtr>> exchanged;

    // 1. What is needed is kept or opened; any failure leaves everything as it was.
    for (const ServiceRuntimePtr &service : services) {
        for (const Endpoint &at : service->listensAt) {
            const auto isAt = [&at](const Listener &listener) { return listener.at == at; };
            const auto same = std::find_if(m_listeners.begin(), m_listeners.end(), [&](const Listener &listener) {
                return isAt(listener) && listener.options == service->listenOptions;
            });
            if (std::any_of(kept.begin(), kept.end(), isAt)
                || std::any_of(opened.begin(), opened.end(), [&](const Opening &o) { return isAt(o.listener); }))
                return Error{ErrorCode::AddressInUse, "service " + service->name + ": another service listens on " + at.toString() + " already", 0};
            if (same != m_listeners.end()) {
                kept.push_back(*same);
                kept.back().service = service->name;
                exchanged.emplace_back(same->id, service);
                continue;
            }
            if (std::none_of(m_listeners.begin(), m_listeners.end(), isAt)) {
                if (auto free = net::probeTcpAddress(at); !free)
                    return std::move(free).error().in("service " + service->name);
            }
            Opening opening{{++m_lastId, service->name, at, service->listenOptions}, {}, service};
            for (std::size_t i = 0; i < m_workers.size(); ++i) {
                auto fd = net::listenTcp(at, service->listenOptions);
                if (!fd)
                    return std::move(fd).error().in("service " + service->name);
                opening.fds.push_back(std::move(*fd));
            }
            opened.push_back(std::move(opening));
        }
    }

    // 2. From here on nothing can fail.
    for (const auto &[id, service] : exchanged) {
        for (const auto &worker : m_workers)
            worker->serve(id, service);
    }
    std::vector<Listener> now = kept;
    for (Opening &opening : opened) {
        for (std::size_t i = 0; i < m_workers.size(); ++i)
            m_workers[i]->addListener(opening.listener.id, std::move(opening.fds[i]), opening.service);
        log::Entry(log::Level::Info, "service " + opening.service->name + " is listening on " + opening.listener.at.toString())
            .field("kind", "service").field("service", opening.service->name).field("listener", opening.service->listenerType)
            .field("handler", opening.service->handlerType);
        now.push_back(opening.listener);
    }
    for (const Listener &listener : m_listeners) {
        if (std::any_of(kept.begin(), kept.end(), [&](const Listener &other) { return other.id == listener.id; }))
            continue;
        for (const auto &worker : m_workers)
            worker->removeListener(listener.id);
        log::Entry(log::Level::Info, "service " + listener.service + " stopped listening on " + listener.at.toString())
            .field("kind", "service").field("service", listener.service);
    }
    m_listeners = std::move(now);
    m_services = std::move(services);
    for (const auto &worker : m_workers)
        worker->sync();
    return {};
}

void ServiceManager::stopAccepting()
{
    for (const Listener &listener : m_listeners) {
        for (const auto &worker : m_workers)
            worker->removeListener(listener.id);
    }
    m_listeners.clear();
    for (const auto &worker : m_workers)
        worker->sync();
}

void ServiceManager::closeSessions()
{
    for (const auto &worker : m_workers)
        worker->closeSessions();
    for (const auto &worker : m_workers)
        worker->sync();
}

} // namespace sluice::service
