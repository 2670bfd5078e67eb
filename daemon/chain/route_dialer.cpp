// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/chain/route_dialer.h"

#include "daemon/net/original_destination.h"

namespace sluice::chain {

using stream::IoResult;
using stream::StreamPtr;

RouteDialer::RouteDialer(DialContext context, Route route, connector::Target target)
    : m_context(std::move(context)), m_route(std::move(route)), m_target(std::move(target)), m_nextTimer(m_context.loop, *this)
{}

RouteDialer::~RouteDialer() = default;

const connector::Target &RouteDialer::firstAddress() const
{
    return firstNode() != nullptr ? firstNode()->address : m_target;
}

void RouteDialer::start(std::span<const std::byte> early, Done done)
{
    m_early = early;
    m_done = std::move(done);
    m_waitsFor = firstNode();
    resolve();
}

// 1. The first address that is dialled from here: the first node's, or the target's own.
void RouteDialer::resolve()
{
    const connector::Target &first = firstAddress();
    if (const auto literal = first.literal()) {
        useAddresses({*literal});
        return;
    }
    const Node *node = firstNode();
    const HostsPtr &hosts = node != nullptr && node->hosts != nullptr ? node->hosts : m_context.hosts;
    if (hosts != nullptr) {
        if (const auto mapped = hosts->lookup(first.host); !mapped.empty()) {
            useAddresses({mapped.begin(), mapped.end()});
            return;
        }
    }
    const auto &settings = node != nullptr && node->resolver != nullptr ? node->resolver : m_context.resolverSettings;
    m_lookup = m_context.resolver.lookUp(first.host, settings, node != nullptr ? node->socket : m_context.direct);
    m_lookup->start([this](Result<std::vector<IpAddress>> found) {
        if (found)
            useAddresses(std::move(*found));
        else
            fail(std::move(found).error(), firstNode());
    });
}

void RouteDialer::useAddresses(std::vector<IpAddress> addresses)
{
    if (m_context.onlyInwardTo && firstNode() == nullptr) {
        std::erase_if(addresses, [this](const IpAddress &address) {
            if (address == *m_context.onlyInwardTo)
                return false;
            return address.isLinkLocal() || address.isMulticast() || net::isLocalAddress(address);
        });
        if (addresses.empty()) {
            fail({ErrorCode::Refused, "the client's host name '" + m_target.host + "' leads to this machine or link", 0}, nullptr);
            return;
        }
    }
    m_addresses = std::move(addresses);
    connectNext();
}

// 2. One address after the other, until one answers.
void RouteDialer::connectNext()
{
    const Endpoint to{m_addresses[m_nextAddress++], firstAddress().port};
    if (m_context.isOwnListener(to)) {
        fail({ErrorCode::Refused, to.toString() + " is this service's own listener; dialling it would loop", 0}, firstNode());
        return;
    }
    const Node *node = firstNode();
    auto fd = net::connectTcp(to, node != nullptr ? node->socket : m_context.direct);
    auto socket = fd ? stream::FdStream::createConnecting(m_context.loop, std::move(*fd), to)
                     : Result<std::unique_ptr<stream::FdStream>>(std::move(fd).error());
    if (socket) {
        m_socket = std::move(*socket);
        m_socket->setWatcher(this);
        if (m_nextAddress < m_addresses.size())
            m_nextTimer.armIn(nextAddressAfter);
    } else if (m_nextAddress < m_addresses.size()) {
        connectNext();
    } else {
        fail(std::move(socket).error(), node);
    }
}

void RouteDialer::onStreamReady(stream::Stream &)
{
    const IoResult result = m_socket->connectResult();
    if (result.kind == IoResult::WouldBlock)
        return;
    if (result.kind == IoResult::Data) {
        connected();
        return;
    }
    const Endpoint to{m_addresses[m_nextAddress - 1], firstAddress().port};
    Error error = systemError("cannot connect to " + to.toString(), m_socket->lastErrno());
    m_nextTimer.disarm();
    m_socket.reset();
    if (m_nextAddress < m_addresses.size())
        connectNext();
    else
        fail(std::move(error), firstNode());
}

void RouteDialer::onTimer(net::Timer &)
{
    m_socket.reset();
    connectNext();
}

void RouteDialer::connected()
{
    m_nextTimer.disarm();
    if (const auto local = net::localEndpoint(m_socket->fd()))
        m_local = *local;
    m_socket->setWatcher(nullptr);
    StreamPtr socket = std::move(m_socket);
    if (m_route.nodes.empty())
        finish(std::move(socket));
    else
        dialNode(0, std::move(socket));
}

// 3. Speak the node's transport …
void RouteDialer::dialNode(std::size_t index, StreamPtr below)
{
    const Node &node = *m_route.nodes[index];
    m_waitsFor = &node;
    if (node.dialer->isTransparent()) {
        askNode(index, std::move(below));
        return;
    }
    m_handshake = node.dialer->dial(std::move(below));
    m_handshake->start([this, index](Result<StreamPtr> stream) {
        if (stream)
            askNode(index, std::move(*stream));
        else
            fail(std::move(stream).error(), m_route.nodes[index]);
    });
}

// 4. … and ask it for the next node, or for the target.
void RouteDialer::askNode(std::size_t index, StreamPtr toNode)
{
    const Node &node = *m_route.nodes[index];
    const bool isLast = index + 1 == m_route.nodes.size();
    connector::ConnectRequest request{isLast ? m_target : m_route.nodes[index + 1]->address,
                                      isLast ? m_early : std::span<const std::byte>{}, isLast ? &m_earlySent : nullptr};
    m_handshake = node.connector->connect(std::move(toNode), request);
    m_handshake->start([this, index, isLast](Result<StreamPtr> stream) {
        if (!stream)
            fail(std::move(stream).error(), m_route.nodes[index]);
        else if (isLast)
            finish(std::move(*stream));
        else
            dialNode(index + 1, std::move(*stream));
    });
}

void RouteDialer::finish(StreamPtr stream)
{
    const Done done = std::move(m_done);
    Dialed dialed{std::move(stream), m_local, m_earlySent};
    done(&dialed, nullptr);
}

void RouteDialer::fail(Error error, const Node *node)
{
    const Done done = std::move(m_done);
    DialError dialError{node != nullptr ? error.in("node " + node->name + " (" + node->address.toString() + ")")
                                        : std::move(error), node};
    done(nullptr, &dialError);
}

} // namespace sluice::chain
