// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
//
// What a configuration means, as plain values: GOST v3's objects and names. The text it came from, with unknown
// keys and their order, is kept beside it in a Document (document.h).
// Thread: any (values).  Errors: none here; reading and checking report Issues (issue.h).
// Source of every key: GOST v3 (https://gost.run/en/reference/configuration/file/).
#pragma once

#include "daemon/config/metadata.h"
#include "helper/base/duration.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace sluice::config {

struct AuthConfig
{
    std::string username;
    std::string password; ///< a secret: never logged, never sent over the bus
    std::string file;

    [[nodiscard]] bool isEmpty() const { return username.empty() && password.empty() && file.empty(); }
    friend bool operator==(const AuthConfig &, const AuthConfig &) = default;
};

struct TlsOptions
{
    std::string minVersion; ///< "VersionTLS10" … "VersionTLS13"
    std::string maxVersion;
    std::vector<std::string> cipherSuites;
    std::vector<std::string> alpn;
    friend bool operator==(const TlsOptions &, const TlsOptions &) = default;
};

struct TlsConfig
{
    std::string certFile;
    std::string keyFile;
    std::string caFile;
    bool secure = false; ///< verify the peer's chain and name (GOST's default is no)
    std::string serverName;
    TlsOptions options;
    std::string commonName, organization; ///< of a certificate made on the fly
    std::optional<Duration> validity;
    bool rejectUnknownSni = false;
    std::vector<std::string> serverNames;
    friend bool operator==(const TlsConfig &, const TlsConfig &) = default;
};

/// Named by "bypass: x" (one) or "bypasses: [x, y]" (several); both are joined here, in that order.
using NameList = std::vector<std::string>;

struct SelectorConfig
{
    std::string strategy = "round"; ///< round|rr random|rand fifo|ha hash parallel lowestlatency
    int maxFails = 1;
    Duration failTimeout = std::chrono::seconds(10);
    Duration maxLatency{0};
    friend bool operator==(const SelectorConfig &, const SelectorConfig &) = default;
};

struct ChainRef
{
    std::string name;
    std::string rule; ///< matcher.rule of a chainGroup entry
    friend bool operator==(const ChainRef &, const ChainRef &) = default;
};

/// handler.chainGroup: several chains, one of which is selected per connection.
struct ChainGroupConfig
{
    std::vector<ChainRef> chains;
    std::optional<SelectorConfig> selector;
    friend bool operator==(const ChainGroupConfig &, const ChainGroupConfig &) = default;
};

struct HandlerConfig
{
    std::string type = "auto";
    int retries = 0;
    std::string chain;
    std::optional<ChainGroupConfig> chainGroup;
    NameList authers;
    std::optional<AuthConfig> auth;
    std::optional<TlsConfig> tls;
    std::string limiter, observer;
    Metadata metadata;
    friend bool operator==(const HandlerConfig &, const HandlerConfig &) = default;
};

struct ListenerConfig
{
    std::string type = "tcp";
    std::string chain;
    std::optional<ChainGroupConfig> chainGroup;
    NameList authers;
    std::optional<AuthConfig> auth;
    std::optional<TlsConfig> tls;
    Metadata metadata;
    friend bool operator==(const ListenerConfig &, const ListenerConfig &) = default;
};

struct MatcherConfig
{
    std::string rule; ///< e.g. Host(`*.example.com`) && Network(`tcp`)
    int priority = 0;
    friend bool operator==(const MatcherConfig &, const MatcherConfig &) = default;
};

struct NodeFilterConfig
{
    std::string host, protocol, path;
    friend bool operator==(const NodeFilterConfig &, const NodeFilterConfig &) = default;
};

/// node.connector and node.dialer.
struct LayerConfig
{
    std::string type;
    std::optional<AuthConfig> auth;
    std::optional<TlsConfig> tls;
    Metadata metadata;
    friend bool operator==(const LayerConfig &, const LayerConfig &) = default;
};

struct NodeConfig
{
    std::string name;
    std::string addr; ///< host:port as written
    std::string network;
    NameList bypasses;
    std::string resolver, hosts;
    LayerConfig connector{"http", {}, {}, {}};
    LayerConfig dialer{"tcp", {}, {}, {}};
    /// Effective values: the node's own, else the hop's (metadata before the deprecated field, node before hop).
    std::optional<std::uint32_t> mark;
    std::string interface;
    std::string netns;
    std::optional<NodeFilterConfig> filter;
    std::optional<MatcherConfig> matcher;
    Metadata metadata;
    std::string path; ///< where it stands in the document: "chains[0].hops[0].nodes[1]"
    friend bool operator==(const NodeConfig &, const NodeConfig &) = default;
};

struct HopConfig
{
    std::string name;
    std::optional<SelectorConfig> selector;
    NameList bypasses;
    std::string resolver, hosts;
    std::optional<std::uint32_t> mark;
    std::string interface;
    std::vector<NodeConfig> nodes;
    Metadata metadata;
    std::string path;
    friend bool operator==(const HopConfig &, const HopConfig &) = default;
};

struct ChainConfig
{
    std::string name;
    std::vector<HopConfig> hops; ///< references to top-level hops are already resolved
    Metadata metadata;
    std::string path;
    friend bool operator==(const ChainConfig &, const ChainConfig &) = default;
};

/// services[].forwarder.nodes[]
struct ForwardNodeConfig
{
    std::string name, addr, network;
    NameList bypasses;
    friend bool operator==(const ForwardNodeConfig &, const ForwardNodeConfig &) = default;
};

struct ForwarderConfig
{
    std::vector<ForwardNodeConfig> nodes;
    std::optional<SelectorConfig> selector;
    friend bool operator==(const ForwarderConfig &, const ForwarderConfig &) = default;
};

struct ServiceConfig
{
    std::string name;
    std::string addr;
    std::optional<std::uint32_t> mark; ///< metadata.so_mark, else sockopts.mark
    std::string interface;             ///< metadata.interface, else interface
    std::string netns, netnsOut;
    std::optional<Duration> dialTimeout;
    NameList admissions, bypasses;
    std::string resolver, hosts;
    std::string limiter, climiter, rlimiter, observer;
    HandlerConfig handler;
    ListenerConfig listener;
    std::optional<ForwarderConfig> forwarder;
    Metadata metadata;
    std::string path; ///< "services[0]"
    friend bool operator==(const ServiceConfig &, const ServiceConfig &) = default;
};

/// A list of matchers in a file that is read again every `reload`.
struct FileLoaderConfig
{
    std::string path;
    Duration reload{0}; ///< 0: read once
    friend bool operator==(const FileLoaderConfig &, const FileLoaderConfig &) = default;
};

struct BypassConfig
{
    std::string name;
    bool isWhitelist = false; ///< "whitelist" or its old name "reverse"
    std::string network;      ///< "", "tcp" or "udp"
    std::vector<std::string> matchers;
    std::optional<FileLoaderConfig> file;
    std::string path;
    friend bool operator==(const BypassConfig &, const BypassConfig &) = default;
};

struct AdmissionConfig
{
    std::string name;
    bool isWhitelist = false;
    std::vector<std::string> matchers; ///< addresses and CIDRs only
    std::optional<FileLoaderConfig> file;
    std::string path;
    friend bool operator==(const AdmissionConfig &, const AdmissionConfig &) = default;
};

struct HostMapping
{
    std::string ip;
    std::string hostname;
    std::vector<std::string> aliases;
    friend bool operator==(const HostMapping &, const HostMapping &) = default;
};

struct HostsConfig
{
    std::string name;
    std::vector<HostMapping> mappings;
    std::optional<FileLoaderConfig> file;
    std::string path;
    friend bool operator==(const HostsConfig &, const HostsConfig &) = default;
};

struct NameserverConfig
{
    std::string addr; ///< udp:// (default) tcp:// tls:// dot:// https://
    std::string chain;
    std::string prefer, only; ///< "", "ipv4" or "ipv6"
    std::string clientIp, hostname;
    Duration ttl{0};
    Duration timeout{0};
    bool async = false;
    friend bool operator==(const NameserverConfig &, const NameserverConfig &) = default;
};

struct ResolverConfig
{
    std::string name;
    std::vector<NameserverConfig> nameservers;
    std::string path;
    friend bool operator==(const ResolverConfig &, const ResolverConfig &) = default;
};

struct AutherConfig
{
    std::string name;
    std::vector<AuthConfig> auths;
    std::optional<FileLoaderConfig> file;
    std::string path;
    friend bool operator==(const AutherConfig &, const AutherConfig &) = default;
};

struct LogConfig
{
    std::string output = "stderr"; ///< stderr, stdout, none, null or a file
    std::string level = "info";    ///< trace debug info warn error fatal
    std::string format = "json";   ///< json or text
    friend bool operator==(const LogConfig &, const LogConfig &) = default;
};

struct Config
{
    std::vector<ServiceConfig> services;
    std::vector<ChainConfig> chains;
    std::vector<BypassConfig> bypasses;
    std::vector<AdmissionConfig> admissions;
    std::vector<HostsConfig> hosts;
    std::vector<ResolverConfig> resolvers;
    std::vector<AutherConfig> authers;
    LogConfig log;
    friend bool operator==(const Config &, const Config &) = default;
};

} // namespace sluice::config
