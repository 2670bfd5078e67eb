// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
//
// YAML and JSON text -> tree of values. Knows nothing of GOST's keys (see schema.h).
#pragma once

#include "daemon/config/document.h"

#include <optional>

namespace sluice::config {

enum class Syntax { Yaml, Json };

/// Limits of what is read at all. A real configuration stays far below each of them.
struct ReadLimits
{
    static constexpr std::size_t bytes = 1024 * 1024;
    static constexpr std::size_t depth = 64;
    static constexpr std::size_t nodes = 100'000; ///< values after aliases are expanded
};

/// Reads one text into `document.root`, which replaces what was there. `file` is the text's index in
/// `document.files`. False when the text cannot be used; `issues` then holds an error that says where and why.
/// Refused: too large, no UTF-8, NUL bytes, duplicate keys, cycles, too deep, too many values (also by aliases).
/// Thread: any. Never throws.
[[nodiscard]] bool readYaml(std::string_view text, int file, Syntax syntax, Document &document, Issues &issues);

} // namespace sluice::config
