// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
//
// A chain of hops, each with nodes to choose from, made ready for use.
#pragma once

#include "daemon/chain/matcher.h"
#include "daemon/chain/selector.h"
#include "daemon/connector/connector.h"
#include "daemon/dialer/dialer.h"
#include "daemon/dns/resolver.h"
#include "daemon/net/socket_factory.h"
#include "daemon/policy/bypass.h"
#include "daemon/policy/hosts.h"

#include <memory>
#include <string>
#include <vector>

namespace sluice::chain {

using HostsPtr = std::shared_ptr<const policy::Hosts>;

/// One proxy server: where it is, how it is reached and asked, and when it is wanted. Immutable but for its health.
struct Node
{
    std::string name;
    connector::Target address;
    net::SocketOptions socket; ///< of the connection to it, when it is the first hop
    connector::ConnectorPtr connector;
    dialer::DialerPtr dialer;
    dns::ResolverSettingsPtr resolver; ///< null: the service's
    HostsPtr hosts;
    policy::BypassGroup bypass;
    std::unique_ptr<const Matcher> matcher; ///< null: wants every connection
    std::optional<NodeFilter> filter;
    std::shared_ptr<NodeHealth> health = std::make_shared<NodeHealth>(); ///< outlives a reload that keeps the node
    bool isBackup = false;
    int priority = 0;
    int weight = 1;
    FailLimits failLimits;
};

struct Hop
{
    std::string name;
    policy::BypassGroup bypass;
    std::vector<Node> nodes;
    Strategy strategy = Strategy::Round;
    std::unique_ptr<std::atomic<std::uint64_t>> turn = std::make_unique<std::atomic<std::uint64_t>>(0);
};

/// Immutable, shared by workers and by the sessions that were born with it.
struct Chain
{
    std::string name;
    std::vector<Hop> hops;
};

using ChainPtr = std::shared_ptr<const Chain>;

} // namespace sluice::chain
