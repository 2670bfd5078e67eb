// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
//
// GOST's command-line URLs (-L service, -F node) -> tree, with GOST's conventions and quirks.
// Differences on purpose: -F takes several hosts ("a:1,b:2"), so_mark takes hexadecimal, and what GOST drops or
// changes without a word (a mark or port that is no number) is an error.
#pragma once

#include "daemon/config/document.h"

#include <span>
#include <string>

namespace sluice::config {

/// All -L and all -F of one command line; one chain is made of the nodes. The result needs no applySchema.
/// Issues have the file "-L" or "-F" and never repeat a password. Thread: any.
[[nodiscard]] Document parseUrls(std::span<const std::string> services, std::span<const std::string> nodes,
                                 Issues &issues);

} // namespace sluice::config
