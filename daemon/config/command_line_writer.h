// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
//
// Tree -> `gost -L … -F …`, where GOST's URLs can say it.
#pragma once

#include "daemon/config/document.h"
#include "helper/base/result.h"

namespace sluice::config {

/// A command line for sh that GOST reads as this configuration. Names of objects are not kept, because the command
/// line has none. Unsupported, with the path of the first thing that URLs cannot say, otherwise. Thread: any.
[[nodiscard]] Result<std::string> writeCommandLine(const Document &document);

} // namespace sluice::config
