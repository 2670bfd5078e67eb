// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
//
// What the sessions of one worker share.
#pragma once

#include "daemon/dns/resolver.h"
#include "daemon/pump/pump.h"

#include <functional>
#include <list>
#include <random>

namespace sluice::session {

class TcpSession;

/// Thread: io.  Owner: Worker.
struct SessionContext
{
    explicit SessionContext(net::EventLoop &eventLoop);
    ~SessionContext();

    net::EventLoop &loop;
    pump::PumpContext pumpContext;
    dns::Resolver resolver;
    std::minstd_rand random{std::random_device{}()};
    std::list<TcpSession> sessions;        ///< alive; a session removes itself
    std::function<void()> onSessionClosed; ///< a descriptor or two became free
};

} // namespace sluice::session
