// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
//
// The named deadlines and sizes of a connection.
#pragma once

#include <chrono>
#include <cstddef>

namespace sluice::session::limits {

using namespace std::chrono_literals;

inline constexpr auto requestTime = 15s;        ///< for TLS and the proxy protocol with the client (GOST: readTimeout)
inline constexpr auto sniffTime = 300ms;        ///< when sniffing.timeout is unset
inline constexpr auto speculateAfter = 20ms;    ///< silence of the client after which the original destination is dialled,
                                                ///< because the server may be the one to speak first
inline constexpr auto dialTime = 15s;           ///< an attempt, when dialTimeout is unset
inline constexpr auto idleTime = 24h;           ///< nothing moved; TCP keepalive finds dead peers much sooner
inline constexpr auto halfClosedIdleTime = 10min; ///< nothing moved after one side has finished
inline constexpr std::size_t firstRead = 4096;  ///< bytes, grows as long as a sniffer asks for more

} // namespace sluice::session::limits
