// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
//
// GOST's metadata: a map of loosely typed values, read by typed getters.
#pragma once

#include "helper/base/duration.h"

#include <cstdint>
#include <initializer_list>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace sluice::config {

/// One metadata value. Integers, floats and booleans keep the type that the YAML or JSON reader gave them; everything
/// from a URL is a string. Thread: any (plain value).
struct MetadataValue
{
    using List = std::vector<MetadataValue>;
    using Map = std::map<std::string, MetadataValue>; ///< keys in lower case
    std::variant<std::monostate, bool, std::int64_t, double, std::string, List, Map> value;
    friend bool operator==(const MetadataValue &, const MetadataValue &) = default;
};

/// A metadata map. Keys are case-insensitive (kept in lower case) and dots in them are literal characters.
/// A look-up takes aliases: the first that is present wins, even if its value is unusable (as in GOST).
/// A getter answers nothing when no alias is present or when the value cannot be read as that type; `checkMetadata`
/// (config_check.h) has then already told the user. Thread: any (plain value).
class Metadata
{
public:
    using Aliases = std::initializer_list<std::string_view>;

    void set(std::string_view key, MetadataValue value); ///< key in any case
    [[nodiscard]] const MetadataValue *find(Aliases keys) const;
    [[nodiscard]] bool contains(std::string_view key) const { return find({key}) != nullptr; }
    [[nodiscard]] bool isEmpty() const { return m_values.empty(); }
    [[nodiscard]] const MetadataValue::Map &values() const { return m_values; }

    /// bool; integer (!= 0); string by Go's ParseBool: 1 t T TRUE true True, 0 f F FALSE false False.
    [[nodiscard]] std::optional<bool> boolean(Aliases keys) const;
    /// integer; bool as 1 or 0; decimal or 0x-hexadecimal string.
    [[nodiscard]] std::optional<std::int64_t> integer(Aliases keys) const;
    /// integer: seconds; string: Go's duration grammar, or a plain integer of seconds.
    [[nodiscard]] std::optional<Duration> duration(Aliases keys) const;
    /// string, or any scalar as text.
    [[nodiscard]] std::optional<std::string> string(Aliases keys) const;
    /// a list of strings; a single string gives nothing.
    [[nodiscard]] std::optional<std::vector<std::string>> strings(Aliases keys) const;
    /// a map with scalar values, as text.
    [[nodiscard]] std::optional<std::map<std::string, std::string>> map(Aliases keys) const;

    friend bool operator==(const Metadata &, const Metadata &) = default;

private:
    MetadataValue::Map m_values;
};

} // namespace sluice::config
