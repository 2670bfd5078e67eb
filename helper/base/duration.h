// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
//
// Durations as Go writes them ("300ms", "1h30m"), which is how GOST's configuration writes them.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace sluice {

/// Go's time.Duration: a count of nanoseconds.
using Duration = std::chrono::nanoseconds;

/// Go's time.ParseDuration grammar: [+-] then one or more decimal numbers each with a unit of
/// ns us µs ms s m h; "0" needs none. Nothing for anything else, and on overflow of 64 bits.
[[nodiscard]] std::optional<Duration> parseDuration(std::string_view text);

/// Go's Duration.String(): "1m30s", "1.5s", "300ms", "30ns", "0s".
[[nodiscard]] std::string formatDuration(Duration duration);

} // namespace sluice
