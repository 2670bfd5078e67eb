// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
//
// Names to addresses, on marked sockets of our own: the system's resolver library cannot mark its sockets, so in local
// mode its questions would be intercepted again.
#pragma once

#include "daemon/net/event_loop.h"
#include "daemon/net/socket_factory.h"
#include "helper/base/duration.h"
#include "helper/base/ip_address.h"
#include "helper/base/result.h"

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace sluice::dns {

enum class Transport : std::uint8_t { Udp, Tcp };

/// Which addresses are wanted, and in which order.
enum class Preference : std::uint8_t { Ipv4First, Ipv6First, Ipv4Only, Ipv6Only };

struct Nameserver
{
    Endpoint address;
    Transport transport = Transport::Udp;
    Preference preference = Preference::Ipv4First;
    Duration timeout = std::chrono::seconds(5);
    friend bool operator==(const Nameserver &, const Nameserver &) = default;
};

/// Whom to ask. No nameservers: those of /etc/resolv.conf, after /etc/hosts. Immutable, shared by workers.
struct ResolverSettings
{
    std::string name; ///< of the `resolvers` entry, empty for the system's
    std::vector<Nameserver> nameservers;
    friend bool operator==(const ResolverSettings &, const ResolverSettings &) = default;
};

using ResolverSettingsPtr = std::shared_ptr<const ResolverSettings>;

/// One running question. Deleting it cancels it. Thread: io.
class Lookup
{
public:
    /// At least one address, best first. Called exactly once and last; the lookup may be deleted inside it.
    using Done = std::function<void(Result<std::vector<IpAddress>>)>;
    virtual ~Lookup() = default;
    virtual void start(Done done) = 0;
};

/// The answers that a worker remembers, and the maker of lookups. Thread: io.  Owner: Worker.
/// Limits: maxCached names, each for its TTL (at most maxTtl); failures are not remembered.
/// A name is asked for both families at once where both are wanted; nameservers are tried in order; a truncated UDP
/// answer is asked again over TCP (RFC 1035, RFC 7766).
class Resolver
{
public:
    static constexpr std::size_t maxCached = 4096;
    static constexpr std::chrono::seconds maxTtl{300};

    explicit Resolver(net::EventLoop &loop) : m_loop(loop) {}

    /// `name` is not a literal address. `socket` marks the questions.
    [[nodiscard]] std::unique_ptr<Lookup> lookUp(const std::string &name, ResolverSettingsPtr settings,
                                                 const net::SocketOptions &socket);

private:
    friend class NetworkLookup;
    struct Cached
    {
        std::vector<IpAddress> addresses;
        net::TimePoint goodUntil;
    };
    void remember(const std::string &key, std::vector<IpAddress> addresses, std::chrono::seconds ttl);

    net::EventLoop &m_loop;
    std::map<std::string, Cached, std::less<>> m_cache; ///< by nameservers, NUL, host name
};

} // namespace sluice::dns
