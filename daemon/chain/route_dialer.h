// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
//
// Walks a route: resolve, connect, dial, ask for the next, dial, … until there is a stream to the target.
#pragma once

#include "daemon/chain/router.h"
#include "daemon/dns/resolver.h"
#include "daemon/stream/fd_stream.h"

#include <functional>
#include <memory>
#include <span>
#include <vector>

namespace sluice::chain {

/// A stream to the target.
struct Dialed
{
    stream::StreamPtr stream;
    Endpoint local;          ///< of the first socket
    bool earlySent = false;  ///< the early bytes went out with the last request
};

struct DialError
{
    Error error;
    const Node *node = nullptr; ///< the node that failed or refused; null when the target itself did, or we did
};

/// What a dial needs from around it. All must outlive the dial.
struct DialContext
{
    net::EventLoop &loop;
    dns::Resolver &resolver;
    dns::ResolverSettingsPtr resolverSettings; ///< for names that are dialled from here
    HostsPtr hosts;
    net::SocketOptions direct; ///< of sockets that go to the target itself, and of name look-ups
    /// Asked before a socket is made: is this address one of our own listeners?
    std::function<bool(const Endpoint &)> isOwnListener;
    /// Set: the target is a name that a client claimed. Without a proxy in between it must not lead to this machine or
    /// link, except to this address, where the client went by itself.
    std::optional<IpAddress> onlyInwardTo;
};

/// One attempt along one route. Thread: io.  Owner: the session; deleting it cancels it.
/// The session has the deadline; the dialer only keeps one silent address from using it up when there are others.
class RouteDialer final : private stream::StreamWatcher, private net::TimerHandler
{
public:
    static constexpr std::chrono::seconds nextAddressAfter{2}; ///< a SYN was repeated once by then
    using Done = std::function<void(Dialed *dialed, const DialError *error)>;

    /// `route` keeps its chain alive.
    RouteDialer(DialContext context, Route route, connector::Target target);
    ~RouteDialer();

    /// `early`: first bytes of the client, valid as long as the dialer. `done` is called once and last, maybe from inside
    /// start(); the dialer may be deleted in it.
    void start(std::span<const std::byte> early, Done done);

    [[nodiscard]] const Route &route() const { return m_route; }
    /// The node whose answer is awaited now; null when it is the target's own.
    [[nodiscard]] const Node *waitsFor() const { return m_waitsFor; }

private:
    void resolve();
    void useAddresses(std::vector<IpAddress> addresses);
    void connectNext();
    void onStreamReady(stream::Stream &stream) override;
    void onTimer(net::Timer &timer) override;
    void connected();
    void dialNode(std::size_t index, stream::StreamPtr below);
    void askNode(std::size_t index, stream::StreamPtr toNode);
    void finish(stream::StreamPtr stream);
    void fail(Error error, const Node *node);
    [[nodiscard]] const Node *firstNode() const { return m_route.nodes.empty() ? nullptr : m_route.nodes.front(); }
    [[nodiscard]] const connector::Target &firstAddress() const;

    DialContext m_context;
    Route m_route;
    connector::Target m_target;
    std::span<const std::byte> m_early;
    Done m_done;
    std::unique_ptr<dns::Lookup> m_lookup;
    std::vector<IpAddress> m_addresses; ///< still to be tried, best first
    std::size_t m_nextAddress = 0;
    std::unique_ptr<stream::FdStream> m_socket; ///< while connecting
    net::Timer m_nextTimer;
    stream::HandshakePtr m_handshake;
    Endpoint m_local;
    bool m_earlySent = false;
    const Node *m_waitsFor = nullptr;
};

} // namespace sluice::chain
