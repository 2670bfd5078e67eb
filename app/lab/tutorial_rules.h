// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
//
// The commands that GOST's transparent-proxy tutorial has its readers type, for port 12345 and mark 100. With them the
// playground proves a daemon that does not set up its own rules, GOST itself included.
// Source: https://gost.run/en/tutorials/redirect/ ; the IPv6 commands for REDIRECT are ours, by the pattern of IPv4's.
#pragma once

#include "app/lab/lab.h"

#include <vector>

namespace sluice::lab {

/// To be run in the gateway's namespace, in this order.
[[nodiscard]] std::vector<Arguments> tutorialRules(bool isTproxy, Mode mode, bool withIpv6);

/// Removes everything of the two tables and the routing again.
[[nodiscard]] std::vector<Arguments> tutorialCleanup(bool isTproxy, bool withIpv6);

} // namespace sluice::lab
