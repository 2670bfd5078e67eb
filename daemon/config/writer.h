// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
//
// Tree -> the text that GOST prints for it (`gost -O yaml`, `gost -O json`): same keys, order, quotes and indents.
// Keys that GOST does not know follow after those that it knows. Comments are not kept.
#pragma once

#include "daemon/config/document.h"

namespace sluice::config {

/// `document` has been through applySchema, or comes from parseUrls. The text ends in a line feed. Thread: any.
[[nodiscard]] std::string writeYaml(const Document &document);
[[nodiscard]] std::string writeJson(const Document &document);

} // namespace sluice::config
