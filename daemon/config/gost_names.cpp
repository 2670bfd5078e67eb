// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/config/gost_names.h"

#include <algorithm>

namespace sluice::config {

namespace {

constexpr std::string_view handlers[] = {"api",   "auto",   "dns",     "file",   "forward", "http",     "http2",
                                         "http3", "masque", "metrics", "red",    "redir",   "redirect", "redu",
                                         "relay", "router", "rtcp",    "rudp",   "runix",   "serial",   "sni",
                                         "socks", "socks4", "socks4a", "socks5", "ss",      "sshd",     "ssu",
                                         "tap",   "tcp",    "tun",     "tungo",  "tunnel",  "udp",      "unix"};

constexpr std::string_view listeners[] = {
    "dns",   "dtls",     "ftcp", "grpc",  "h2",   "h2c",   "h3",     "http2", "http3", "icmp",  "icmp6",
    "kcp",   "mtcp",     "mtls", "mws",   "mwss", "ohttp", "otls",   "pht",   "phts",  "quic",  "red",
    "redir", "redirect", "redu", "rtcp",  "rudp", "runix", "serial", "ssh",   "sshd",  "stdio", "tap",
    "tcp",   "tls",      "tun",  "tungo", "udp",  "unix",  "ws",     "wss",   "wt"};

constexpr std::string_view connectors[] = {"direct", "forward", "http",  "http2",  "masque",  "relay",  "router",
                                           "serial", "sni",     "socks", "socks4", "socks4a", "socks5", "ss",
                                           "sshd",   "ssu",     "tcp",   "tunnel", "unix",    "virtual"};

constexpr std::string_view dialers[] = {
    "direct", "dtls", "ftcp", "grpc", "h2",   "h2c",   "h3",     "h3-masque", "http2", "http3", "icmp", "icmp6",
    "kcp",    "mtcp", "mtls", "mws",  "mwss", "ohttp", "ohttps", "otls",      "pht",   "phts",  "quic", "serial",
    "ssh",    "sshd", "tcp",  "tls",  "udp",  "unix",  "utls",   "virtual",   "ws",    "wss",   "wt"};

} // namespace

std::span<const std::string_view> gostNames(Layer layer)
{
    switch (layer) {
    case Layer::Handler: return handlers;
    case Layer::Listener: return listeners;
    case Layer::Connector: return connectors;
    case Layer::Dialer: return dialers;
    }
    return {};
}

bool isKnownToGost(Layer layer, std::string_view name)
{
    const auto names = gostNames(layer);
    return std::binary_search(names.begin(), names.end(), name);
}

std::string_view nameOf(Layer layer)
{
    switch (layer) {
    case Layer::Handler: return "handler";
    case Layer::Listener: return "listener";
    case Layer::Connector: return "connector";
    case Layer::Dialer: return "dialer";
    }
    return {};
}

} // namespace sluice::config
