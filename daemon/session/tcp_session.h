// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
//
// One TCP connection from accept to close. Read tcp_session.cpp from top to bottom: that is its life.
#pragma once

#include "daemon/chain/route_dialer.h"
#include "daemon/chain/router.h"
#include "daemon/pump/pump.h"
#include "daemon/registry/connection_record.h"
#include "daemon/service/service_runtime.h"
#include "daemon/session/session_context.h"
#include "daemon/session/session_state.h"
#include "daemon/sniff/sniffer.h"

namespace sluice::session {

/// Thread: io.  Owner: SessionContext::sessions; it removes itself when it is over.
/// Limits: session_limits.h.  Errors: every way to end is a CloseReason, logged once.
class TcpSession final : private stream::StreamWatcher, private net::TimerHandler, private pump::PumpOwner
{
public:
    /// Takes an accepted, non-blocking socket and begins. May be over when it returns.
    static void open(SessionContext &context, service::ServiceRuntimePtr service, UniqueFd fd, const Endpoint &client);

    TcpSession(SessionContext &context, service::ServiceRuntimePtr service, const Endpoint &client);
    ~TcpSession();

    /// Ends it from outside. It is deleted inside.
    void close(CloseReason reason) { close(reason, {}); }

    [[nodiscard]] State state() const { return m_state; }
    [[nodiscard]] const service::ServiceRuntime &service() const { return *m_service; }

private:
    /// What is needed until bytes are relayed, and freed then.
    struct Setup
    {
        stream::StreamPtr client;
        stream::HandshakePtr clientTls;
        std::unique_ptr<handler::ServerDialogue> dialogue;
        std::vector<std::byte> head; ///< first bytes of the client, still to be sent on
        net::TimePoint sniffDeadline;
        connector::Target original;      ///< the destination as a target
        connector::Target target;        ///< what is being dialled
        bool targetIsSniffed = false;
        bool needsName = false;          ///< only a host name can still allow this connection
        std::unique_ptr<chain::RouteDialer> dialer;
        bool isSpeculative = false;      ///< the dialer goes to the original destination while sniffing goes on
        stream::StreamPtr upstream;      ///< speculatively dialled, waiting for who speaks first
        Endpoint upstreamLocal;
        int attempt = 0;
    };

    void begin(UniqueFd fd);
    void serveTls();
    void findDestination();
    void askClient();
    void checkAddress();
    void sniff();
    void readHead();
    void speculate();
    void decide(const sniff::SniffResult &sniffed);
    void dial(const connector::Target &target, bool isSniffed);
    void onDialed(chain::Dialed *dialed, const chain::DialError *error);
    void onSpeculativelyDialed(chain::Dialed *dialed);
    void hearUpstream();
    void dialFailed(const Error &error);
    void relay(stream::StreamPtr upstream, const Endpoint &upstreamLocal, bool earlySent);
    void onPumpEnd(pump::Side side, const Error *error) override;
    void refuse(CloseReason reason, const Error &error);
    void close(CloseReason reason, std::string_view error);

    void onStreamReady(stream::Stream &stream) override;
    void onTimer(net::Timer &timer) override;
    void moveTo(State state);
    void readEarly();
    [[nodiscard]] std::unique_ptr<chain::RouteDialer> makeDialer(chain::Route route, const connector::Target &target, bool isSniffed);
    [[nodiscard]] connector::Target resolvedByHosts(const connector::Target &target) const;
    /// What the service's bypass lists say of the original destination, with the sniffed name if there is one.
    [[nodiscard]] policy::Decision judge(std::string_view sniffedName) const;
    [[nodiscard]] Result<chain::Route> pickRoute(const connector::Target &target);
    [[nodiscard]] bool isOwnListener(const Endpoint &endpoint) const;
    [[nodiscard]] net::Clock::duration idleLimit() const;

    SessionContext &m_context;
    service::ServiceRuntimePtr m_service;
    std::list<TcpSession>::iterator m_self;
    std::unique_ptr<Setup> m_setup;
    registry::ConnectionRecord m_record;
    net::Timer m_timer;
    pump::Pump m_pump;
    State m_state = State::Accepted;
};

} // namespace sluice::session
