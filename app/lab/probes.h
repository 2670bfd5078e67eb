// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
//
// What the playground sends through an interception, and how it tells that the traffic took the right way.
#pragma once

#include "app/lab/lab.h"
#include "app/lab/tls.h"

#include <functional>
#include <string>
#include <vector>

namespace sluice::lab {

/// What a probe may use. `mustSniff`: web and TLS connections must arrive at the target by name.
struct ProbeContext
{
    Family family = Family::IPv4;
    bool mustSniff = true;
    const Identity &identity;
};

/// A probe's value is its detail for the report; its error is why it failed. It runs in a child, in the namespace where
/// the traffic starts, and must end by itself: every step on a Connection has a time limit.
struct Probe
{
    std::string name;
    std::function<Result<std::string>(const ProbeContext &)> run;
};

/// echo, half-close, banner, web, tls, tls-large and, where it is installed, iperf3.
[[nodiscard]] const std::vector<Probe> &builtinProbes();

/// Answers whether a connection from here to the target is intercepted: a Refused error when it arrives unchanged.
[[nodiscard]] Result<std::string> probeInterception(const ProbeContext &context);

} // namespace sluice::lab
