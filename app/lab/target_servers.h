// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
//
// What answers in the target's namespace. Every server ends its answer with a Sighting: how the connection looked from
// there, which is the proof of what happened on the way.
#pragma once

#include "app/lab/lab.h"
#include "app/lab/tls.h"

#include <optional>

namespace sluice::lab {

/// The ports of the target. Web, TLS and mail stand on their well-known ones, as they would in life.
enum TargetPort : std::uint16_t {
    MailPort = 25,     ///< speaks first: "220 …"
    WebPort = 80,      ///< HTTP; the body of the answer is the request as it arrived
    TlsPort = 443,     ///< TLS, then one line
    EchoPort = 7007,   ///< sends back EchoBytes bytes as they come
    UploadPort = 7008, ///< reads to the client's FIN, then sends EchoBytes bytes
};

inline constexpr std::size_t EchoBytes = 1024 * 1024;

/// The bytes of echo and upload: no period that a lost, doubled or swapped block could hide in.
[[nodiscard]] std::string testPattern();

/// How a connection looked at the target. Written as the last line of each answer.
struct Sighting
{
    Endpoint source;
    IpAddress reached;   ///< the address that was dialled
    std::string tlsName; ///< the SNI, empty without TLS

    [[nodiscard]] std::string toLine() const;
    static std::optional<Sighting> fromLine(std::string_view line);
    friend bool operator==(const Sighting &, const Sighting &) = default;
};

/// Starts all servers, in one child. They listen when this returns.
Result<Child> startTargetServers(const Lab &lab, const Identity &identity);

} // namespace sluice::lab
