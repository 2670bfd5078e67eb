// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
//
// The networks that this machine is on.
#pragma once

#include "helper/base/ip_address.h"

#include <vector>

namespace sluice::apply {

/// The prefix of every address of every interface but loopback, each once, sorted. Empty when the kernel does not tell.
/// A single address without a network (a point-to-point link, a /32) gives none. Thread: any.
[[nodiscard]] std::vector<Cidr> attachedNetworks();

} // namespace sluice::apply
