// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/service/tcp_acceptor.h"

#include "daemon/log/log.h"
#include "daemon/session/tcp_session.h"

#include <cerrno>
#include <sys/socket.h>

namespace sluice::service {

TcpAcceptor::TcpAcceptor(session::SessionContext &context, ConnectionBudget &budget, UniqueFd fd, ServiceRuntimePtr service)
    : m_context(context), m_budget(budget), m_fd(std::move(fd)), m_service(std::move(service)), m_retry(context.loop, *this)
{
    if (auto watched = m_context.loop.watch(m_fd.get(), *this, EPOLLIN); !watched)
        log::Entry(log::Level::Error, watched.error().message).field("service", m_service->name);
}

TcpAcceptor::~TcpAcceptor()
{
    m_context.loop.forget(m_fd.get(), *this);
}

void TcpAcceptor::onEvents(std::uint32_t)
{
    for (int i = 0; i < acceptsPerTurn; ++i) {
        if (!m_budget.tryTake()) {
            pause();
            return;
        }
        sockaddr_storage storage{};
        socklen_t length = sizeof storage;
        UniqueFd fd(::accept4(m_fd.get(), reinterpret_cast<sockaddr *>(&storage), &length, SOCK_NONBLOCK | SOCK_CLOEXEC));
        if (!fd) {
            const int number = errno;
            m_budget.giveBack();
            if (number == EMFILE || number == ENFILE || number == ENOBUFS || number == ENOMEM)
                pause();
            else if (number != EAGAIN) // the connection died in the queue (man accept): look at the next
                continue;
            return;
        }
        const Endpoint client = Endpoint::fromSockaddr(storage).value_or(Endpoint{});
        session::TcpSession::open(m_context, m_service, std::move(fd), client);
    }
}

void TcpAcceptor::pause()
{
    if (!m_isPaused) {
        m_isPaused = true;
        m_context.loop.rewatch(m_fd.get(), *this, 0);
    }
    m_retry.armIn(retryAfter);
}

void TcpAcceptor::resume()
{
    if (m_isPaused) {
        m_isPaused = false;
        m_retry.disarm();
        m_context.loop.rewatch(m_fd.get(), *this, EPOLLIN);
    }
}

void TcpAcceptor::onTimer(net::Timer &)
{
    resume();
}

} // namespace sluice::service
