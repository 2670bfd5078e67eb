// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
//
// The type names that GOST v3.3.0 registers for each layer.
#pragma once

#include <span>
#include <string_view>

namespace sluice::config {

enum class Layer { Handler, Listener, Connector, Dialer };

/// Every name that GOST registers, sorted.
[[nodiscard]] std::span<const std::string_view> gostNames(Layer layer);
[[nodiscard]] bool isKnownToGost(Layer layer, std::string_view name);

/// "handler", "listener", "connector" or "dialer".
[[nodiscard]] std::string_view nameOf(Layer layer);

} // namespace sluice::config
