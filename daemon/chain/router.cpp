// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/chain/router.h"

#include <algorithm>

namespace sluice::chain {

using policy::Decision;

std::string Route::toString(const connector::Target &target) const
{
    std::string text;
    for (const Node *node : nodes)
        text.append(node->name).append("@").append(node->address.toString()).append(" > ");
    return text.append(target.toString());
}

void Route::noteSuccess() const
{
    for (const Node *node : nodes)
        node->health->recordSuccess();
}

Result<Route> pickRoute(const ChainPtr &chain, const RouteRequest &request)
{
    Route route{chain, {}};
    if (chain == nullptr)
        return route;
    const auto literal = request.target.literal();
    const policy::Destination destination{policy::Network::Tcp, request.target.port, literal,
                                          literal ? std::string_view{} : std::string_view(request.target.host)};
    const MatchRequest match{policy::Network::Tcp, request.target.host, request.protocol, request.client};
    const std::string client = request.client.toString();

    for (const Hop &hop : chain->hops) {
        if (hop.bypass.decide(destination) != Decision::Allow)
            return route;
        std::vector<Candidate> candidates;
        candidates.reserve(hop.nodes.size());
        bool allBypassed = !hop.nodes.empty();
        for (const Node &node : hop.nodes) {
            const bool isBypassed = node.bypass.decide(destination) != Decision::Allow;
            const bool isWanted = (node.matcher == nullptr || node.matcher->matches(match))
                                  && (!node.filter || node.filter->matches(match));
            allBypassed = allBypassed && isBypassed;
            candidates.push_back({!isBypassed && isWanted, node.health->isFailed(node.failLimits, request.now),
                                  node.isBackup, node.priority, node.weight});
        }
        if (allBypassed)
            return route;
        const auto index = selectNode(candidates, {hop.strategy, client, request.random, hop.turn.get()});
        if (!index)
            return Error{ErrorCode::Unreachable, "chain " + chain->name + ": hop " + hop.name + " has no usable node for "
                                                     + request.target.toString(), 0};
        route.nodes.push_back(&hop.nodes[*index]);
    }
    if (route.nodes.empty())
        return Error{ErrorCode::Unreachable, "chain " + chain->name + " has no hop", 0};
    return route;
}

} // namespace sluice::chain
