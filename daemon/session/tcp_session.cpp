// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
//
// The life of a TCP connection, in the order in which it is lived.
#include "daemon/session/tcp_session.h"

#include "daemon/chain/router.h"
#include "daemon/log/log.h"
#include "daemon/net/original_destination.h"
#include "daemon/sniff/host_name.h"
#include "daemon/net/own_connection.h"
#include "daemon/session/session_limits.h"

#include <algorithm>
#include <array>
#include <cassert>

namespace sluice::session {

using chain::Route;
using connector::Target;
using policy::Decision;
using stream::IoResult;

namespace {

/// The protocol's name in GOST's records; empty when unknown.
std::string_view textOf(sniff::Protocol protocol)
{
    switch (protocol) {
    case sniff::Protocol::Http: return "http";
    case sniff::Protocol::Tls: return "tls";
    case sniff::Protocol::Ssh: return "ssh";
    case sniff::Protocol::Unknown: break;
    }
    return {};
}

/// Closing a socket with unread bytes makes a reset, which can overtake the answer that was just written.
void discardUnread(stream::Stream &client)
{
    std::array<std::byte, 4096> buffer;
    for (int i = 0; i < 16 && client.read(buffer).kind == IoResult::Data; ++i) {
    }
}

} // namespace

SessionContext::SessionContext(net::EventLoop &eventLoop) : loop(eventLoop), pumpContext{eventLoop, {}, {}}, resolver(eventLoop)
{
    pumpContext.buffer.resize(pump::PumpContext::bufferSize);
}

SessionContext::~SessionContext() = default;

TcpSession::TcpSession(SessionContext &context, service::ServiceRuntimePtr service, const Endpoint &client)
    : m_context(context), m_service(std::move(service)), m_setup(std::make_unique<Setup>()), m_timer(context.loop, *this),
      m_pump(context.pumpContext, *this)
{
    m_record.id = registry::nextConnectionId();
    m_record.accepted = std::chrono::system_clock::now();
    m_record.client = client;
    service::ServiceStats &stats = *m_service->stats;
    stats.totalConns.fetch_add(1, std::memory_order_relaxed);
    stats.currentConns.fetch_add(1, std::memory_order_relaxed);
}

TcpSession::~TcpSession()
{
    m_service->stats->currentConns.fetch_sub(1, std::memory_order_relaxed);
}

// 1. Accepted ---------------------------------------------------------------------------------------------------------

void TcpSession::open(SessionContext &context, service::ServiceRuntimePtr service, UniqueFd fd, const Endpoint &client)
{
    TcpSession &session = context.sessions.emplace_back(context, std::move(service), client);
    session.m_self = std::prev(context.sessions.end());
    session.begin(std::move(fd));
}

void TcpSession::begin(UniqueFd fd)
{
    auto client = stream::FdStream::create(m_context.loop, std::move(fd));
    if (!client) {
        close(CloseReason::NoDescriptors, client.error().message);
        return;
    }
    m_setup->client = std::move(*client);
    m_setup->client->setWatcher(this);
    if (!m_service->admissions.admits(m_record.client.address)) {
        close(CloseReason::NotAdmitted, {});
        return;
    }
    if (m_service->destination != service::Destination::Asked)
        findDestination();
    else if (m_service->tls != nullptr)
        serveTls();
    else
        askClient();
}

// 2. Where to? The kernel knows (red), or the client says it ---------------------------------------------------------

void TcpSession::findDestination()
{
    const int fd = m_setup->client->plainSocket()->fd();
    const auto own = net::localEndpoint(fd);
    const auto destination = m_service->destination == service::Destination::Tproxy || !own
                                 ? own
                                 : net::redirectedDestination(fd, own->address.family());
    if (!destination) {
        m_setup->client->abortOnClose();
        close(CloseReason::NotDiverted, destination.error().message);
        return;
    }
    m_record.destination = *destination;
    if (isOwnListener(*destination)) { // somebody connected to the listener itself: going on would be a loop
        m_setup->client->abortOnClose();
        close(CloseReason::NotDiverted, "the connection was made to the listener itself");
        return;
    }
    if (net::OwnConnection::isOne(m_record.client, *destination)) { // the rules divert what this daemon sends: a loop, too
        m_setup->client->abortOnClose();
        close(CloseReason::NotDiverted, "this is the daemon's own connection; the rules must except it, for example by a mark (so_mark)");
        return;
    }
    m_setup->original = {destination->address.toString(), destination->port};
    checkAddress();
}

void TcpSession::serveTls()
{
    moveTo(State::Requesting);
    m_timer.armIn(limits::requestTime);
    m_setup->clientTls = m_service->tls->accept(std::move(m_setup->client));
    m_setup->clientTls->start([this](Result<stream::StreamPtr> client) {
        if (!client) {
            close(CloseReason::BadRequest, client.error().message);
            return;
        }
        m_setup->client = std::move(*client);
        askClient();
    });
}

void TcpSession::askClient()
{
    moveTo(State::Requesting);
    m_timer.armIn(limits::requestTime);
    m_setup->dialogue = m_service->handler->serve();
    if (m_setup->dialogue == nullptr) {
        close(CloseReason::NotDiverted, "this handler takes diverted connections only");
        return;
    }
    m_setup->dialogue->start(*m_setup->client, [this](Result<handler::Request> request) {
        m_setup->client->setWatcher(this);
        m_timer.disarm();
        if (!request) {
            m_setup->client->shutdownWrite();
            discardUnread(*m_setup->client);
            close(CloseReason::BadRequest, request.error().message);
            return;
        }
        if (!request->user.empty())
            m_record.user = std::make_unique<const std::string>(std::move(request->user));
        // One spelling for all lists: they must not be dodged by capitals or a final dot.
        const auto host = sniff::normaliseHost(IpAddress::parse(request->target.host) ? joinHostPort(request->target.host, 0)
                                                                                      : request->target.host);
        if (!host || (host->literal && host->literal->isUnspecified())) {
            refuse(CloseReason::BadRequest, {ErrorCode::InvalidArgument, "the client asked for a target that is no host", 0});
            return;
        }
        m_setup->original = {host->literal ? host->literal->toString() : host->name, request->target.port};
        m_record.host = m_setup->original;
        checkAddress();
    });
}

// 3. May it? As far as the address tells ------------------------------------------------------------------------------

void TcpSession::checkAddress()
{
    const Target &original = m_setup->original;
    const Decision decision = judge({});
    m_setup->needsName = decision == Decision::NeedName;
    const bool canSniff = m_service->sniffing.isOn;
    if (decision == Decision::Refuse || (m_setup->needsName && !canSniff))
        refuse(CloseReason::Blocked, {ErrorCode::Refused, original.toString() + " is in a bypass list of the service", 0});
    else if (canSniff)
        sniff();
    else
        dial(original, false);
}

// 4. Sniffing: which name does the client ask for? -----------------------------------------------------------------------

void TcpSession::sniff()
{
    using namespace std::chrono_literals;
    moveTo(State::Sniffing);
    const Duration timeout = m_service->sniffing.timeout > 0ns ? m_service->sniffing.timeout : Duration(limits::sniffTime);
    m_setup->sniffDeadline = m_context.loop.now() + timeout;
    m_timer.arm(std::min(m_setup->sniffDeadline, m_context.loop.now() + limits::speculateAfter));
    readHead();
}

void TcpSession::readHead()
{
    for (;;) {
        std::vector<std::byte> &head = m_setup->head;
        const std::size_t before = head.size();
        head.resize(std::min(std::max(limits::firstRead, 2 * before), sniff::maxSniffBytes));
        const IoResult got = m_setup->client->read(std::span(head).subspan(before));
        head.resize(before + (got.kind == IoResult::Data ? got.bytes : 0));
        switch (got.kind) {
        case IoResult::WouldBlock: return;
        case IoResult::Failed: close(CloseReason::ClientGone, m_setup->client->error().message); return;
        case IoResult::End: decide({sniff::Verdict::NotMine, {}, {}, {}, {}, {}, {}, {}}); return;
        case IoResult::Data: break;
        }
        const sniff::SniffResult result = sniff::sniff(head);
        if (result.verdict != sniff::Verdict::NeedMore) {
            decide(result);
            return;
        }
    }
}

/// The client is silent: maybe it waits for the server's greeting. Dial the original destination and see who speaks
/// first, so that such protocols do not wait for the sniffing deadline.
void TcpSession::speculate()
{
    if (m_setup->needsName || !m_setup->head.empty())
        return;
    auto route = pickRoute(m_setup->original);
    if (!route)
        return;
    m_setup->isSpeculative = true;
    m_setup->dialer = makeDialer(std::move(*route), m_setup->original, false);
    m_setup->dialer->start({}, [this](chain::Dialed *dialed, const chain::DialError *error) { onDialed(dialed, error); });
}

void TcpSession::onSpeculativelyDialed(chain::Dialed *dialed)
{
    m_setup->isSpeculative = false;
    if (dialed == nullptr) {
        m_setup->dialer.reset(); // a failure shows again when the real dial fails
        return;
    }
    m_setup->upstream = std::move(dialed->stream);
    m_setup->upstreamLocal = dialed->local;
    m_setup->upstream->setWatcher(this);
    hearUpstream(); // a greeting may have come along with the connection: there is no second event then
}

/// Dialled speculatively: does the server speak first?
void TcpSession::hearUpstream()
{
    std::array<std::byte, limits::firstRead> greeting;
    const IoResult got = m_setup->upstream->read(greeting);
    if (got.kind == IoResult::Data) {
        m_setup->upstream->unread(std::span(greeting).first(got.bytes));
        m_setup->target = m_setup->original;
        relay(std::move(m_setup->upstream), m_setup->upstreamLocal, false);
    } else if (got.kind != IoResult::WouldBlock) {
        m_setup->upstream.reset();
        m_setup->dialer.reset();
    }
}

// 5. May it, now that the name is known? And where to dial? -----------------------------------------------------------------

void TcpSession::decide(const sniff::SniffResult &sniffed)
{
    m_timer.disarm();
    const bool isNamed = sniffed.verdict == sniff::Verdict::Found && (!sniffed.host.empty() || sniffed.literal);
    m_record.protocol = sniffed.protocol;
    const Target &original = m_setup->original;
    if (isNamed) {
        m_record.host = {sniffed.literal ? sniffed.literal->toString() : sniffed.host, original.port};
        if (judge(m_record.host.host) == Decision::Refuse) {
            refuse(CloseReason::Blocked, {ErrorCode::Refused, m_record.host.toString() + " is in a bypass list of the service", 0});
            return;
        }
    } else if (m_setup->needsName) {
        refuse(CloseReason::Blocked, {ErrorCode::Refused, original.toString() + " names no host that the service's whitelist allows", 0});
        return;
    }
    if (m_setup->needsName && sniffed.isProxyRequest) { // the name is allowed, but it is not where this would go
        refuse(CloseReason::Blocked, {ErrorCode::Refused, original.toString() + " is not in the service's whitelist", 0});
        return;
    }
    const bool dialsName = isNamed && !sniffed.isProxyRequest && !m_service->sniffing.dialsOriginal;
    const Target target = dialsName ? m_record.host : original;
    if (target != original) {
        m_setup->upstream.reset();
        m_setup->dialer.reset();
        m_setup->isSpeculative = false;
        dial(target, true);
        return;
    }
    m_setup->target = original;
    moveTo(State::Dialing);
    if (m_setup->upstream != nullptr) {
        relay(std::move(m_setup->upstream), m_setup->upstreamLocal, false);
    } else if (m_setup->dialer != nullptr) { // already on its way
        m_setup->isSpeculative = false;
        m_timer.armIn(m_service->dialTimeout.count() > 0 ? m_service->dialTimeout : Duration(limits::dialTime));
    } else {
        dial(original, false);
    }
}

// 6. Dialing, with retries and the fallback --------------------------------------------------------------------------------

void TcpSession::dial(const Target &target, bool isSniffed)
{
    moveTo(State::Dialing);
    if (const stream::FdStream *client = m_setup->client->plainSocket(); client != nullptr && client->isBroken()) {
        close(CloseReason::ClientGone, {});
        return;
    }
    m_setup->target = resolvedByHosts(target);
    m_setup->targetIsSniffed = isSniffed;
    m_timer.armIn(m_service->dialTimeout.count() > 0 ? m_service->dialTimeout : Duration(limits::dialTime));
    auto route = pickRoute(m_setup->target);
    if (!route) {
        refuse(CloseReason::NoNode, route.error());
        return;
    }
    if (!route->nodes.empty())
        readEarly();
    m_setup->dialer = makeDialer(std::move(*route), m_setup->target, isSniffed);
    m_setup->dialer->start(m_setup->head, [this](chain::Dialed *dialed, const chain::DialError *error) { onDialed(dialed, error); });
}

/// A proxy's request and the client's first bytes may share a packet: take what is here already.
void TcpSession::readEarly()
{
    if (!m_setup->head.empty() || m_setup->dialogue != nullptr)
        return;
    m_setup->head.resize(limits::firstRead);
    const IoResult got = m_setup->client->read(m_setup->head);
    m_setup->head.resize(got.kind == IoResult::Data ? got.bytes : 0);
}

void TcpSession::onDialed(chain::Dialed *dialed, const chain::DialError *error)
{
    const Route &route = m_setup->dialer->route();
    if (dialed != nullptr)
        route.noteSuccess();
    else if (error->node != nullptr)
        error->node->health->recordFailure(m_context.loop.now());
    if (m_setup->isSpeculative)
        onSpeculativelyDialed(dialed);
    else if (dialed != nullptr)
        relay(std::move(dialed->stream), dialed->local, dialed->earlySent);
    else
        dialFailed(error->error);
}

void TcpSession::dialFailed(const Error &error)
{
    const Error kept = error; // it lives in the dialer, which is replaced now
    if (m_setup->attempt++ < m_service->retries) {
        dial(m_setup->target, m_setup->targetIsSniffed);
    } else if (m_setup->targetIsSniffed && m_service->sniffing.hasFallback && !m_setup->needsName) {
        log::Entry(log::Level::Debug, "dialling the sniffed name failed, trying the original address")
            .field("sid", m_record.sid()).field("host", m_record.host.toString()).field("err", kept.message);
        dial(m_setup->original, false);
    } else {
        refuse(kept.code == ErrorCode::Timeout ? CloseReason::DialTimeout : CloseReason::DialFailed, kept);
    }
}

// 7. Relaying -------------------------------------------------------------------------------------------------------------

void TcpSession::relay(stream::StreamPtr upstream, const Endpoint &upstreamLocal, bool earlySent)
{
    moveTo(State::Relaying);
    if (m_setup->dialer != nullptr && !m_setup->dialer->route().nodes.empty())
        m_record.route = std::make_unique<const std::string>(m_setup->dialer->route().toString(m_setup->target));
    stream::StreamPtr client = std::move(m_setup->client);
    if (earlySent)
        m_pump.addBytesFrom(pump::Side::Client, m_setup->head.size());
    else
        client->unread(m_setup->head);
    if (m_setup->dialogue != nullptr)
        client = m_setup->dialogue->granted(std::move(client), upstreamLocal);
    m_setup.reset();
    m_timer.armIn(limits::halfClosedIdleTime); // then idleLimit() decides
    m_pump.start(std::move(client), std::move(upstream));
}

net::Clock::duration TcpSession::idleLimit() const
{
    return m_pump.isHalfClosed() ? net::Clock::duration(limits::halfClosedIdleTime) : net::Clock::duration(limits::idleTime);
}

void TcpSession::onPumpEnd(pump::Side side, const Error *error)
{
    if (error == nullptr)
        close(CloseReason::Finished, {});
    else
        close(side == pump::Side::Client ? CloseReason::ClientFailed : CloseReason::UpstreamFailed, std::string(error->message));
}

// 8. The end --------------------------------------------------------------------------------------------------------------

/// No upstream for this client: its protocol says so, or a reset does.
void TcpSession::refuse(CloseReason reason, const Error &error)
{
    const std::string message = error.message; // `error` may live in what is deleted now
    if (m_setup->dialogue != nullptr) {
        m_setup->dialogue->refused(*m_setup->client, error);
        m_setup->client->shutdownWrite();
        discardUnread(*m_setup->client);
    } else {
        m_setup->client->abortOnClose();
    }
    close(reason, message);
}

void TcpSession::close(CloseReason reason, std::string_view error)
{
    moveTo(State::Closed);
    const bool isError = reason != CloseReason::Finished && reason != CloseReason::Stopped && reason != CloseReason::Idle
                         && reason != CloseReason::Blocked;
    service::ServiceStats &stats = *m_service->stats;
    const std::uint64_t in = m_pump.bytesFrom(pump::Side::Client);
    const std::uint64_t out = m_pump.bytesFrom(pump::Side::Upstream);
    stats.inputBytes.fetch_add(in, std::memory_order_relaxed);
    stats.outputBytes.fetch_add(out, std::memory_order_relaxed);
    if (isError)
        stats.totalErrs.fetch_add(1, std::memory_order_relaxed);

    const log::Level level = isError ? log::Level::Warn : log::Level::Info;
    if (log::isEnabled(level)) {
        const auto duration = std::chrono::system_clock::now() - m_record.accepted;
        const std::string destination = m_record.destination.port != 0 ? m_record.destination.toString() : m_record.host.toString();
        log::Entry entry(level, m_record.client.toString() + " >< " + destination);
        entry.field("kind", "service").field("service", m_service->name).field("listener", m_service->listenerType)
            .field("handler", m_service->handlerType).field("network", "tcp").field("sid", m_record.sid())
            .field("remote", m_record.client.toString()).field("client", m_record.client.address.toString())
            .field("dst", destination);
        if (!m_record.host.host.empty())
            entry.field("host", m_record.host.toString());
        if (m_record.protocol != sniff::Protocol::Unknown)
            entry.field("proto", textOf(m_record.protocol));
        if (m_record.user != nullptr)
            entry.field("user", *m_record.user);
        if (m_record.route != nullptr)
            entry.field("route", *m_record.route);
        entry.field("inputBytes", in).field("outputBytes", out)
            .field("duration", std::chrono::duration_cast<std::chrono::nanoseconds>(duration).count())
            .field("reason", textOf(reason));
        if (!error.empty())
            entry.field("err", error);
    }
    SessionContext &context = m_context;
    context.sessions.erase(m_self); // `this` is gone
    if (context.onSessionClosed)
        context.onSessionClosed();
}

// Events ------------------------------------------------------------------------------------------------------------------

void TcpSession::onStreamReady(stream::Stream &stream)
{
    if (&stream == m_setup->upstream.get()) {
        hearUpstream();
        return;
    }
    if (m_state == State::Sniffing) {
        readHead();
        return;
    }
    stream::FdStream *client = m_setup->client->plainSocket();
    if (m_state == State::Dialing && client != nullptr && client->isBroken())
        close(CloseReason::ClientGone, {});
}

void TcpSession::onTimer(net::Timer &)
{
    switch (m_state) {
    case State::Requesting: close(CloseReason::RequestTimeout, {}); return;
    case State::Sniffing:
        if (m_context.loop.now() < m_setup->sniffDeadline) {
            m_timer.arm(m_setup->sniffDeadline);
            speculate();
        } else {
            decide({sniff::Verdict::NotMine, {}, {}, {}, {}, {}, {}, {}});
        }
        return;
    case State::Dialing: {
        const chain::Node *node = m_setup->dialer->waitsFor();
        const Error error{ErrorCode::Timeout, "no answer from " + (node != nullptr ? node->address : m_setup->target).toString()
                                                  + " within the dial timeout", 0};
        if (node != nullptr)
            node->health->recordFailure(m_context.loop.now());
        dialFailed(error);
        return;
    }
    case State::Relaying: {
        const net::TimePoint due = m_pump.lastActivity() + idleLimit();
        if (m_context.loop.now() < due)
            m_timer.arm(std::min(due, m_context.loop.now() + limits::halfClosedIdleTime));
        else
            close(CloseReason::Idle, {});
        return;
    }
    case State::Accepted:
    case State::Closed: return;
    }
}

void TcpSession::moveTo(State state)
{
    assert(m_state == state || canMove(m_state, state));
    m_state = state;
}

std::unique_ptr<chain::RouteDialer> TcpSession::makeDialer(Route route, const Target &target, bool isSniffed)
{
    return std::make_unique<chain::RouteDialer>(
        chain::DialContext{m_context.loop, m_context.resolver, m_service->resolver, m_service->hosts, m_service->direct,
                           [this](const Endpoint &endpoint) { return isOwnListener(endpoint); },
                           isSniffed ? std::optional(m_record.destination.address) : std::nullopt},
        std::move(route), target);
}

/// A chain gets the address that the service's hosts give a name. (What is dialled from here asks them by itself.)
Target TcpSession::resolvedByHosts(const Target &target) const
{
    if (m_service->hosts == nullptr || m_service->chains.empty())
        return target;
    const auto mapped = m_service->hosts->lookup(target.host);
    return mapped.empty() ? target : Target{mapped.front().toString(), target.port};
}

Decision TcpSession::judge(std::string_view sniffedName) const
{
    const Target &original = m_setup->original;
    const auto address = original.literal();
    const std::string_view name = sniffedName.empty() && !address ? std::string_view(original.host) : sniffedName;
    return m_service->bypasses.decide({policy::Network::Tcp, original.port, address, name});
}

Result<Route> TcpSession::pickRoute(const Target &target)
{
    const auto &chains = m_service->chains;
    const auto random = m_context.random();
    const chain::ChainPtr chain = chains.empty() ? nullptr : chains[random % chains.size()];
    return chain::pickRoute(chain, {target, m_record.client.address, textOf(m_record.protocol), m_context.loop.now(), random});
}

bool TcpSession::isOwnListener(const Endpoint &endpoint) const
{
    return std::any_of(m_service->neverDial.begin(), m_service->neverDial.end(), [&endpoint](const Endpoint &own) {
        return own.port == endpoint.port && own.address.family() == endpoint.address.family()
               && (own.address.isUnspecified() ? net::isLocalAddress(endpoint.address) : own.address == endpoint.address);
    });
}

} // namespace sluice::session
