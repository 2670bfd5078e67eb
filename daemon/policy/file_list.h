// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
//
// Lists that stand in a file of their own: one entry a line, '#' begins a comment.
#pragma once

#include "helper/base/result.h"

#include <string>
#include <string_view>
#include <vector>

namespace sluice::policy {

/// The lines of `text` without comments and surrounding blanks; empty ones are left out. Thread: any.
[[nodiscard]] std::vector<std::string> listLines(std::string_view text);

/// listLines() of a file. A file that is missing or unreadable is an error, never an empty list: an empty whitelist
/// would allow everything.
/// Thread: any, but it blocks: not on an I/O thread.  Limits: 64 MiB.
[[nodiscard]] Result<std::vector<std::string>> readListFile(const std::string &path);

} // namespace sluice::policy
