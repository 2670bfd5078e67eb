// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
//
// One listening socket on one worker: accepts, and opens a session for each connection.
#pragma once

#include "daemon/net/event_loop.h"
#include "daemon/service/connection_budget.h"
#include "daemon/service/service_runtime.h"
#include "daemon/session/session_context.h"

namespace sluice::service {

/// Thread: io.  Owner: Worker.
/// Out of descriptors or over the budget it pauses: the clients wait in the kernel's queue, the thread does not spin. It
/// goes on when a session ends or after retryAfter.
class TcpAcceptor final : private net::FdHandler, private net::TimerHandler
{
public:
    static constexpr std::chrono::milliseconds retryAfter{50};
    static constexpr int acceptsPerTurn = 64; ///< then other events have a turn

    TcpAcceptor(session::SessionContext &context, ConnectionBudget &budget, UniqueFd fd, ServiceRuntimePtr service);
    ~TcpAcceptor();

    /// Connections from now on belong to `service`; those that are open keep theirs.
    void serve(ServiceRuntimePtr service) { m_service = std::move(service); }
    void resume();

private:
    void onEvents(std::uint32_t events) override;
    void onTimer(net::Timer &timer) override;
    void pause();

    session::SessionContext &m_context;
    ConnectionBudget &m_budget;
    UniqueFd m_fd;
    ServiceRuntimePtr m_service;
    net::Timer m_retry;
    bool m_isPaused = false;
};

} // namespace sluice::service
