// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
//
// The states of a connection and why it ended. Pure.
#pragma once

#include <cstdint>
#include <string_view>

namespace sluice::session {

/// Accepted → Requesting → Sniffing → Dialing → Relaying → Closed; steps may be left out, Closed is reached from each.
enum class State : std::uint8_t {
    Accepted,
    Requesting, ///< TLS or a proxy protocol with the client
    Sniffing,
    Dialing, ///< also again, for a retry or the fallback
    Relaying,
    Closed,
};

[[nodiscard]] constexpr bool canMove(State from, State to)
{
    return from != State::Closed && (to > from || (from == State::Dialing && to == State::Dialing));
}

/// Why a connection ended. A closed list: users see it, so each has a plain text.
enum class CloseReason : std::uint8_t {
    Finished,       ///< both sides said all they had
    ClientFailed,   ///< the client reset the connection or vanished
    UpstreamFailed, ///< the target or a proxy did
    ClientGone,     ///< the client left before there was an upstream
    NotDiverted,    ///< nobody redirected this connection, or it would loop
    NotAdmitted,    ///< the client's address is not admitted
    Blocked,        ///< a bypass list of the service refuses the target
    BadRequest,     ///< the client broke its proxy protocol or has no right
    RequestTimeout, ///< the client did not say what it wants in time
    NoNode,         ///< every node of a hop is unusable
    DialFailed,     ///< no upstream could be reached
    DialTimeout,
    Idle,           ///< nothing moved for too long
    Stopped,        ///< the service or the daemon stops, or the user closed it
    NoDescriptors,  ///< out of file descriptors
};

[[nodiscard]] constexpr std::string_view textOf(CloseReason reason)
{
    switch (reason) {
    case CloseReason::Finished: return "finished";
    case CloseReason::ClientFailed: return "client failed";
    case CloseReason::UpstreamFailed: return "upstream failed";
    case CloseReason::ClientGone: return "client gone";
    case CloseReason::NotDiverted: return "not diverted";
    case CloseReason::NotAdmitted: return "not admitted";
    case CloseReason::Blocked: return "blocked";
    case CloseReason::BadRequest: return "bad request";
    case CloseReason::RequestTimeout: return "request timeout";
    case CloseReason::NoNode: return "no usable node";
    case CloseReason::DialFailed: return "dial failed";
    case CloseReason::DialTimeout: return "dial timeout";
    case CloseReason::Idle: return "idle";
    case CloseReason::Stopped: return "stopped";
    case CloseReason::NoDescriptors: return "out of descriptors";
    }
    return "unknown";
}

} // namespace sluice::session
