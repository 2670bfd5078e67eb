// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
//
// Configuration to services that can run: compiles lists, makes connectors, dialers and handlers.
#pragma once

#include "daemon/config/config.h"
#include "daemon/service/service_runtime.h"

#include <cstdint>
#include <vector>

namespace sluice::service {

struct BuildOptions
{
    /// The mark of every socket that has none of its own, while interception is on; 0 for none.
    std::uint32_t guardMark = 0;
};

/// All or nothing; an error names the object. Reads the list files that the configuration names.
/// `previous`: services that run now; counters and the health of nodes that stay the same are taken over.
/// Thread: main.
[[nodiscard]] Result<std::vector<ServiceRuntimePtr>> buildServices(const config::Config &config, const BuildOptions &options,
                                                                   const std::vector<ServiceRuntimePtr> &previous);

} // namespace sluice::service
