// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/service/worker.h"

#include "daemon/session/tcp_session.h"

#include <future>
#include <signal.h>

namespace sluice::service {

Result<std::unique_ptr<Worker>> Worker::create(ConnectionBudget &budget)
{
    auto loop = net::EventLoop::create();
    if (!loop)
        return std::move(loop).error();
    return std::unique_ptr<Worker>(new Worker(budget, std::move(*loop)));
}

Worker::Worker(ConnectionBudget &budget, std::unique_ptr<net::EventLoop> loop)
    : m_budget(budget), m_loop(std::move(loop)), m_context(std::make_unique<session::SessionContext>(*m_loop))
{
    setObjectName(QStringLiteral("sluice-io"));
    m_context->onSessionClosed = [this] {
        m_budget.giveBack();
        for (const auto &[id, acceptor] : m_acceptors)
            acceptor->resume();
    };
}

Worker::~Worker()
{
    if (isRunning()) {
        closeSessions();
        m_loop->post([this] { m_acceptors.clear(); });
        m_loop->stop();
        wait();
    }
}

void Worker::run()
{
    sigset_t all; // signals are for the main thread
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_BLOCK, &all, nullptr);
    m_loop->run();
}

void Worker::addListener(ListenerId id, UniqueFd fd, ServiceRuntimePtr service)
{
    // std::function wants copyable captures: the descriptor travels as a number and is owned again in the io thread.
    m_loop->post([this, id, raw = fd.release(), service = std::move(service)] {
        m_acceptors[id] = std::make_unique<TcpAcceptor>(*m_context, m_budget, UniqueFd(raw), service);
    });
}

void Worker::serve(ListenerId id, ServiceRuntimePtr service)
{
    m_loop->post([this, id, service = std::move(service)] {
        if (const auto found = m_acceptors.find(id); found != m_acceptors.end())
            found->second->serve(service);
    });
}

void Worker::removeListener(ListenerId id)
{
    m_loop->post([this, id] { m_acceptors.erase(id); });
}

void Worker::closeSessions()
{
    m_loop->post([this] {
        while (!m_context->sessions.empty())
            m_context->sessions.front().close(session::CloseReason::Stopped);
    });
}

void Worker::sync()
{
    std::promise<void> done;
    m_loop->post([&done] { done.set_value(); });
    done.get_future().wait();
}

} // namespace sluice::service
