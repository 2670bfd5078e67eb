// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
//
// What the playground found out, for people (one line a probe) and for programs (JSON).
#pragma once

#include <chrono>
#include <string>
#include <vector>

namespace sluice::lab {

/// One probe's outcome. Thread: any (plain value).
struct ProbeResult
{
    std::string setup;  ///< "TPROXY gateway relay"
    std::string family; ///< "IPv4", "IPv6", empty when it does not matter
    std::string probe;  ///< "echo"
    bool passed = false;
    std::string detail; ///< one sentence: what was seen, or what was wrong
    std::chrono::milliseconds duration{0};
};

/// "PASS  TPROXY gateway relay  IPv4  echo  …", columns aligned, with a line end.
[[nodiscard]] std::string toLine(const ProbeResult &result);

/// "12 passed, 0 failed".
[[nodiscard]] std::string summary(const std::vector<ProbeResult> &results);

/// {"schema": 1, "passed": 12, "failed": 0, "probes": [{"setup", "family", "probe", "passed", "detail", "duration_ms"}]}
[[nodiscard]] std::string toJson(const std::vector<ProbeResult> &results);

[[nodiscard]] bool allPassed(const std::vector<ProbeResult> &results);

} // namespace sluice::lab
