// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
//
// Which connections a node wants: GOST's matcher.rule and the older node.filter, compiled.
#pragma once

#include "daemon/config/config.h"
#include "daemon/policy/network.h"
#include "helper/base/ip_address.h"
#include "helper/base/result.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace sluice::chain {

/// What is known about a connection when its nodes are chosen. Thread: any; the views are valid during the call.
struct MatchRequest
{
    policy::Network network = policy::Network::Tcp;
    std::string_view host;           ///< the name, else the address as text, normalised; without port
    std::string_view protocol;       ///< what sniffing found: "http", "tls"; empty if nothing
    std::optional<IpAddress> client; ///< who connected
};

/// A host as rules write it: "name" or "*.domain" (all below it) or ".domain". Thread: any.
class HostPattern
{
public:
    enum class Domain : std::uint8_t {
        Excluded, ///< "*.x" matches below x only: Host() in a rule
        Included, ///< "*.x" matches x too: filter.host
    };

    HostPattern(std::string_view text, Domain domain);
    [[nodiscard]] bool matches(std::string_view host) const; ///< false for an empty host

private:
    std::string m_name; ///< lower case, without star and leading dot
    bool m_isSuffix = false;
    bool m_isDomainIncluded = false;
};

/// A boolean rule such as  Host(`*.example.com`) && (Network(`tcp`) || !ClientIP(`10.0.0.0/8`)).
/// Operators by strength: ! && ||. Arguments stand in back-ticks or double quotes. Function names in any case.
/// Host, HostRegexp, Network, Proto and ClientIP are evaluated; the functions about an HTTP request or another list
/// (Method Path PathPrefix PathRegexp Header HeaderRegexp Query QueryRegexp BodyJSON BodyRegexp Bypass Admission) are
/// understood, but a tunnel has nothing to compare them with: they are false, as in GOST's chain routing.
/// Immutable, shared by all workers.  Thread: any.
/// Limits: rules of 4,096 characters, nested 64 deep.  Errors: InvalidConfig with the column and what was expected.
class Matcher
{
public:
    [[nodiscard]] static Result<std::unique_ptr<const Matcher>> parse(std::string_view rule);
    ~Matcher();

    [[nodiscard]] bool matches(const MatchRequest &request) const;
    /// Is there a function in the rule that is always false here? For a warning.
    [[nodiscard]] bool hasFunctionsWithoutData() const;

private:
    struct Rule;
    explicit Matcher(std::unique_ptr<const Rule> rule);

    std::unique_ptr<const Rule> m_rule;
};

/// node.filter: host, protocol and path, each empty for "any". A path needs an HTTP request and so never matches here.
/// Thread: any.
class NodeFilter
{
public:
    explicit NodeFilter(const config::NodeFilterConfig &config);
    [[nodiscard]] bool matches(const MatchRequest &request) const;

private:
    std::optional<HostPattern> m_host;
    std::string m_protocol;
    bool m_hasPath = false;
};

/// The priority of a node with a matcher: 0 stands for the length of its rule, so that longer rules win.
[[nodiscard]] int effectivePriority(const config::MatcherConfig &config);

} // namespace sluice::chain
