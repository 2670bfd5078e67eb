// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
//
// A service made ready for use: all that its sessions need, immutable.
#pragma once

#include "daemon/chain/chain.h"
#include "daemon/handler/handler.h"
#include "daemon/policy/admission.h"
#include "daemon/policy/bypass.h"
#include "daemon/policy/hosts.h"
#include "daemon/stream/tls_context.h"

#include <atomic>
#include <memory>
#include <string>
#include <vector>

namespace sluice::service {

/// How the original destination of a connection is found.
enum class Destination : std::uint8_t {
    Asked,      ///< the client says it in a proxy protocol
    Redirected, ///< REDIRECT: conntrack knows
    Tproxy,     ///< TPROXY: the socket's own address
};

struct Sniffing
{
    bool isOn = false;
    bool hasFallback = false;         ///< dial the original address if dialling the name fails
    bool dialsOriginal = false;       ///< sniff for policy and records only
    Duration timeout{0};              ///< 0: the default
};

/// GOST's per-service counters. Thread: any.
struct ServiceStats
{
    std::atomic<std::uint64_t> totalConns{0}, currentConns{0}, totalErrs{0}, inputBytes{0}, outputBytes{0};
};

/// Thread: any (immutable but for the stats and the chains' node health).
/// Owner: shared by the service's listeners and by the sessions born with it, which keep their route through a reload.
struct ServiceRuntime
{
    std::string name;
    std::string handlerType, listenerType;
    Destination destination = Destination::Asked;
    handler::HandlerPtr handler;
    std::unique_ptr<const stream::TlsServerContext> tls; ///< of a tls listener
    std::vector<Endpoint> listensAt;
    net::ListenOptions listenOptions;
    std::vector<Endpoint> neverDial; ///< own listener, and every listener that takes diverted connections
    Sniffing sniffing;
    policy::AdmissionGroup admissions;
    policy::BypassGroup bypasses;
    chain::HostsPtr hosts;
    dns::ResolverSettingsPtr resolver;
    std::vector<chain::ChainPtr> chains; ///< none: direct; several: a chain group, chosen at random
    net::SocketOptions direct;
    int retries = 0;
    Duration dialTimeout{0}; ///< 0: the default
    std::shared_ptr<ServiceStats> stats = std::make_shared<ServiceStats>();
};

using ServiceRuntimePtr = std::shared_ptr<const ServiceRuntime>;

} // namespace sluice::service
