// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
//
// What is known of one connection.
#pragma once

#include "daemon/connector/connector.h"
#include "helper/base/ip_address.h"

#include <chrono>
#include <cstdint>
#include <string>

namespace sluice::registry {

/// Facts of one connection, filled in as its life goes on. Thread: io.  Owner: its session.
struct ConnectionRecord
{
    std::uint64_t id = 0; ///< counts up in this process
    std::chrono::system_clock::time_point accepted{};
    Endpoint client;
    Endpoint destination;       ///< where the client connected to
    connector::Target host;     ///< sniffed or asked for; empty host when neither
    std::string route;          ///< "node@addr > node@addr > target"
    std::string user;           ///< of a proxy protocol
    const char *protocol = "";  ///< "http", "tls", "ssh" or empty

    /// A 20-character id in the form of GOST's (xid: time, process, counter; base32hex).
    [[nodiscard]] std::string sid() const;
};

/// The next id in this process. Thread: any.
[[nodiscard]] std::uint64_t nextConnectionId();

} // namespace sluice::registry
