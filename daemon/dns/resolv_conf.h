// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
//
// How the machine itself resolves names: resolv.conf(5) and hosts(5), as text. Reading the files is the caller's part.
#pragma once

#include "daemon/policy/hosts.h"
#include "helper/base/ip_address.h"

#include <chrono>
#include <string_view>
#include <vector>

namespace sluice::dns {

/// The part of resolv.conf(5) that matters for absolute names. Thread: any (plain value).
struct ResolvConf
{
    std::vector<Endpoint> nameservers; ///< never empty: without any it is 127.0.0.1, as in glibc
    std::chrono::seconds timeout{5};   ///< of one attempt at one server
    int attempts = 2;                  ///< rounds over all servers
    bool isRotating = false;           ///< begin with another server each time
};

/// Limits as in glibc: 3 servers, a timeout of 30 s, 5 attempts. Lines that make no sense are left out; so are
/// link-local servers with a zone (fe80::1%eth0), which an Endpoint cannot hold.
[[nodiscard]] ResolvConf parseResolvConf(std::string_view text);

/// /etc/hosts as names with addresses.
[[nodiscard]] policy::Hosts parseEtcHosts(std::string_view text);

} // namespace sluice::dns
