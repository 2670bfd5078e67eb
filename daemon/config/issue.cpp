// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/config/issue.h"

#include <algorithm>

namespace sluice::config {

namespace {

std::string_view nameOf(Severity severity)
{
    switch (severity) {
    case Severity::Note: return "note";
    case Severity::Warning: return "warning";
    case Severity::Error: return "error";
    }
    return "error";
}

} // namespace

std::string Issue::toString() const
{
    std::string line_;
    const auto add = [&line_](const std::string &part) { line_.append(part).append(":"); };
    if (!file.empty())
        add(file);
    if (line > 0)
        add(std::to_string(line));
    if (line > 0 && column > 0)
        add(std::to_string(column));
    if (!line_.empty())
        line_ += ' ';
    line_.append(nameOf(severity)).append(": ");
    if (!path.empty())
        line_.append(path).append(": ");
    return line_.append(text).append(" (").append(id).append(")");
}

bool hasErrors(const Issues &issues)
{
    return std::any_of(issues.begin(), issues.end(),
                       [](const Issue &issue) { return issue.severity == Severity::Error; });
}

} // namespace sluice::config
