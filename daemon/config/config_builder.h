// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
//
// Tree -> Config: what the keys mean, with GOST's defaults, references and inheritance resolved.
#pragma once

#include "daemon/config/config.h"
#include "daemon/config/document.h"

namespace sluice::config {

/// `document` has been through applySchema. A mark that cannot be used and a hop that does not exist are errors.
/// Thread: any.
[[nodiscard]] Config buildConfig(const Document &document, Issues &issues);

} // namespace sluice::config
