// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
//
// What is to be said about a configuration: where, how bad, what to do.
#pragma once

#include <string>
#include <vector>

namespace sluice::config {

enum class Severity {
    Note,    ///< kept, but Sluice does nothing with it
    Warning, ///< works, but probably not as meant, or GOST would do otherwise
    Error,   ///< cannot be used
};

/// One remark about one place. Thread: any (plain value).
struct Issue
{
    Severity severity = Severity::Error;
    std::string file; ///< a path, "-" for standard input, "-L" or "-F" for a command-line URL
    int line = 0;     ///< 1-based; 0 when the place has no line
    int column = 0;   ///< 1-based; 0 when the place has no column
    std::string path; ///< "services[0].handler.metadata.sniffing.timeout"
    std::string text; ///< one sentence: what is wrong and what to do; never holds a secret
    std::string id;   ///< stable short name, e.g. "unknown-key", "missing-chain"

    /// "file:line:column: severity: text (id)"; parts that are not known are left out.
    [[nodiscard]] std::string toString() const;
    friend bool operator==(const Issue &, const Issue &) = default;
};

using Issues = std::vector<Issue>;

[[nodiscard]] bool hasErrors(const Issues &issues);

} // namespace sluice::config
