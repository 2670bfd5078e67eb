// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
//
// What is known of one connection.
#pragma once

#include "daemon/connector/connector.h"
#include "daemon/sniff/sniffer.h"
#include "helper/base/ip_address.h"

#include <chrono>
#include <cstdint>
#include <memory>
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
    // Most connections have neither of these two, and there may be many thousand.
    std::unique_ptr<const std::string> route; ///< "node@addr > node@addr > target", null when direct
    std::unique_ptr<const std::string> user;  ///< of a proxy protocol, null for none
    sniff::Protocol protocol = sniff::Protocol::Unknown;

    /// A 20-character id in the form of GOST's (xid: time, process, counter; base32hex).
    [[nodiscard]] std::string sid() const;
};

/// The next id in this process. Thread: any.
[[nodiscard]] std::uint64_t nextConnectionId();

} // namespace sluice::registry
