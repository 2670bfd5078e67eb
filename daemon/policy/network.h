// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
//
// TCP or UDP, by GOST's names.
#pragma once

#include <cstdint>
#include <string_view>

namespace sluice::policy {

enum class Network : std::uint8_t { Tcp, Udp };

[[nodiscard]] constexpr std::string_view networkName(Network network)
{
    return network == Network::Tcp ? "tcp" : "udp";
}

} // namespace sluice::policy
