// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
//
// One I/O thread: a loop, its listening sockets and its sessions. A connection lives and dies on one worker.
#pragma once

#include "daemon/service/tcp_acceptor.h"

#include <QThread>
#include <map>
#include <memory>

namespace sluice::service {

/// Thread: the object belongs to main, what it runs to io. Everything public may be called from main; calls take effect
/// in the worker's thread, in order.  Owner: ServiceManager.
class Worker final : public QThread
{
    Q_OBJECT

public:
    using ListenerId = std::uint64_t;

    static Result<std::unique_ptr<Worker>> create(ConnectionBudget &budget);
    ~Worker() override;

    void addListener(ListenerId id, UniqueFd fd, ServiceRuntimePtr service);
    void serve(ListenerId id, ServiceRuntimePtr service);
    void removeListener(ListenerId id);
    /// Ends every session, or those of one service.
    void closeSessions();
    /// Waits until all calls so far have taken effect.
    void sync();

protected:
    void run() override;

private:
    Worker(ConnectionBudget &budget, std::unique_ptr<net::EventLoop> loop);

    ConnectionBudget &m_budget;
    std::unique_ptr<net::EventLoop> m_loop;
    // Below: io thread only.
    std::unique_ptr<session::SessionContext> m_context;
    std::map<ListenerId, std::unique_ptr<TcpAcceptor>> m_acceptors;
};

} // namespace sluice::service
