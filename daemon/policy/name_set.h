// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
//
// Names with values: exact ones and whole domains, found without allocating.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace sluice::policy {

struct NameHash
{
    using is_transparent = void;
    std::size_t operator()(std::string_view name) const { return std::hash<std::string_view>{}(name); }
};

/// A map by name that is asked with views.
template <typename Value>
using NameMap = std::unordered_map<std::string, Value, NameHash, std::equal_to<>>;

/// Calls `found(value)` for the entry of each domain above `name` ("b.c" and "c" for "a.b.c"), the nearest first, until
/// it answers true; says whether it did.
template <typename Value, typename Found>
bool forEachParent(const NameMap<Value> &map, std::string_view name, Found &&found)
{
    for (auto dot = name.find('.'); dot != std::string_view::npos; dot = name.find('.')) {
        name.remove_prefix(dot + 1);
        const auto entry = map.find(name);
        if (entry != map.end() && found(entry->second))
            return true;
    }
    return false;
}

/// Does `text` match `pattern`, where '*' is any run of characters (dots too, or none) and '?' is one?
[[nodiscard]] bool matchesGlob(std::string_view pattern, std::string_view text);

/// Lower case, without blanks around and without a final dot: how patterns are compared with normalised names.
[[nodiscard]] std::string foldName(std::string_view text);

} // namespace sluice::policy
