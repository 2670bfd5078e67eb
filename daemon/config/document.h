// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
//
// A configuration as it was written: an ordered tree of values, each with the place it came from. Unknown keys stay.
#pragma once

#include "daemon/config/issue.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace sluice::config {

/// Where something stands. `file` is an index into Document::files.
struct Position
{
    int file = -1;  ///< -1: nowhere (a default)
    int line = 0;   ///< 1-based; 0 when unknown
    int column = 0; ///< 1-based; 0 when unknown
};

struct Value;
struct Entry;

/// One value of the tree. Maps keep the order of their keys. Thread: any (plain value).
struct Value
{
    using List = std::vector<Value>;
    using Map = std::vector<Entry>;

    std::variant<std::monostate, bool, std::int64_t, double, std::string, List, Map> data;
    std::string written; ///< a plain scalar as the file spells it ("0x64", "yes"), empty for anything else
    Position position;

    Value();
    explicit Value(bool boolean);
    explicit Value(std::int64_t integer);
    explicit Value(double number);
    explicit Value(std::string text);
    explicit Value(List items);
    explicit Value(Map entries);
    Value(const Value &);
    Value(Value &&) noexcept;
    Value &operator=(const Value &);
    Value &operator=(Value &&) noexcept;
    ~Value();

    [[nodiscard]] bool isNull() const { return std::holds_alternative<std::monostate>(data); }
    [[nodiscard]] bool isScalar() const;
    [[nodiscard]] const bool *boolean() const { return std::get_if<bool>(&data); }
    [[nodiscard]] const std::int64_t *integer() const { return std::get_if<std::int64_t>(&data); }
    [[nodiscard]] const double *number() const { return std::get_if<double>(&data); }
    [[nodiscard]] const std::string *text() const { return std::get_if<std::string>(&data); }
    [[nodiscard]] const List *list() const { return std::get_if<List>(&data); }
    [[nodiscard]] List *list() { return std::get_if<List>(&data); }
    [[nodiscard]] const Map *map() const { return std::get_if<Map>(&data); }
    [[nodiscard]] Map *map() { return std::get_if<Map>(&data); }

    /// The value of a map's key, in any case of its ASCII letters; null when this is no map or has no such key.
    [[nodiscard]] const Value *find(std::string_view key) const;
    [[nodiscard]] Value *find(std::string_view key);
    /// Replaces the value of the key in exactly this spelling, or appends the key. This value becomes a map if it was
    /// none.
    void set(std::string_view key, Value value);
    /// Removes the key if it is there.
    void remove(std::string_view key);

    /// The same data; places and spelling do not count.
    friend bool operator==(const Value &left, const Value &right);
};

/// One key of a map.
struct Entry
{
    std::string key;
    Value value;
    Position position; ///< of the key
    friend bool operator==(const Entry &left, const Entry &right)
    {
        return left.key == right.key && left.value == right.value;
    }
};

/// A tree and the names of the files it came from. Thread: any (plain value).
struct Document
{
    Value root{Value::Map{}};
    std::vector<std::string> files;

    [[nodiscard]] Issue issueAt(const Position &position, Severity severity, std::string path, std::string text,
                                std::string id) const;
};

/// "a.b", or "b" when the parent is the root.
[[nodiscard]] std::string childPath(std::string_view parent, std::string_view key);
/// "a[3]"
[[nodiscard]] std::string itemPath(std::string_view parent, std::size_t index);

/// ASCII letters in lower case, everything else as it is.
[[nodiscard]] std::string lowerCase(std::string_view text);
[[nodiscard]] bool equalIgnoringCase(std::string_view left, std::string_view right);

/// Go's FormatFloat(number, 'f', -1, 64): the shortest digits that read back as the same number, no exponent.
[[nodiscard]] std::string formatFloat(double number);

} // namespace sluice::config
