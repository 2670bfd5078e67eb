// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
//
// Which nodes a connection goes through. No sockets.
#pragma once

#include "daemon/chain/chain.h"
#include "helper/base/result.h"

#include <random>
#include <string>
#include <vector>

namespace sluice::chain {

/// The nodes chosen for one attempt, first hop first; none means direct.
struct Route
{
    ChainPtr chain; ///< keeps the nodes alive; null without a chain
    std::vector<const Node *> nodes;

    /// "node-0@192.0.2.1:1080 > example.com:443", as GOST writes it.
    [[nodiscard]] std::string toString(const connector::Target &target) const;
    /// Every node did its part.
    void noteSuccess() const;
};

struct RouteRequest
{
    const connector::Target &target;
    IpAddress client;
    std::string_view protocol; ///< what sniffing found, empty if nothing
    TimePoint now;
    std::uint64_t random = 0; ///< fresh
};

/// Walks the hops. A hop whose bypass list (or whose every node's) holds the target ends the walk: the nodes so far are
/// the route, none of them is direct. That is the only way to direct: a hop without a usable node is an error, because
/// traffic that was to go through a proxy must not leak.
[[nodiscard]] Result<Route> pickRoute(const ChainPtr &chain, const RouteRequest &request);

} // namespace sluice::chain
