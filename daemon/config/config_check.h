// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
//
// Does a configuration that could be read make sense? What GOST passes over in silence is said here.
#pragma once

#include "daemon/config/config.h"
#include "daemon/config/document.h"
#include "daemon/config/gost_names.h"

#include <span>
#include <string_view>

namespace sluice::config {

/// The type names of a layer that Sluice can run, sorted. The registries of handlers, connectors and dialers stand
/// above this folder; a test holds them against these lists.
[[nodiscard]] std::span<const std::string_view> runnableNames(Layer layer);

/// Everything that is to be said after reading, with places from `document`, which `config` was made of. An error
/// means: do not start. Errors are above all what would let traffic out where it should not go: references to objects
/// that do not exist, types that cannot be run, addresses that cannot be used. Thread: any.
[[nodiscard]] Issues checkConfig(const Config &config, const Document &document);

} // namespace sluice::config
