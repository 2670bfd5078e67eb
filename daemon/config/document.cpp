// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/config/document.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <utility>

namespace sluice::config {

namespace {

char lowerCase(char letter)
{
    return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter;
}

template <typename Entries>
auto entryOf(Entries &entries, std::string_view key)
{
    return std::find_if(entries.begin(), entries.end(),
                        [key](const Entry &entry) { return equalIgnoringCase(entry.key, key); });
}

} // namespace

Value::Value() = default;
Value::Value(bool boolean)
    : data(boolean)
{
}
Value::Value(std::int64_t integer)
    : data(integer)
{
}
Value::Value(double number)
    : data(number)
{
}
Value::Value(std::string text)
    : data(std::move(text))
{
}
Value::Value(List items)
    : data(std::move(items))
{
}
Value::Value(Map entries)
    : data(std::move(entries))
{
}
Value::Value(const Value &) = default;
Value::Value(Value &&) noexcept = default;
Value &Value::operator=(const Value &) = default;
Value &Value::operator=(Value &&) noexcept = default;
Value::~Value() = default;

bool Value::isScalar() const
{
    return !isNull() && list() == nullptr && map() == nullptr;
}

const Value *Value::find(std::string_view key) const
{
    if (map() == nullptr)
        return nullptr;
    const auto found = entryOf(*map(), key);
    return found == map()->end() ? nullptr : &found->value;
}

Value *Value::find(std::string_view key)
{
    return const_cast<Value *>(std::as_const(*this).find(key));
}

void Value::set(std::string_view key, Value value)
{
    if (map() == nullptr)
        data = Map{};
    const auto present = std::find_if(map()->begin(), map()->end(), [key](const Entry &e) { return e.key == key; });
    if (present != map()->end()) {
        present->value = std::move(value);
        return;
    }
    const Position where = value.position;
    map()->push_back(Entry{std::string(key), std::move(value), where});
}

void Value::remove(std::string_view key)
{
    if (map() == nullptr)
        return;
    const auto found = entryOf(*map(), key);
    if (found != map()->end())
        map()->erase(found);
}

Issue Document::issueAt(const Position &position, Severity severity, std::string path, std::string text,
                        std::string id) const
{
    Issue issue{severity, {}, position.line, position.column, std::move(path), std::move(text), std::move(id)};
    if (position.file >= 0 && static_cast<std::size_t>(position.file) < files.size())
        issue.file = files[static_cast<std::size_t>(position.file)];
    return issue;
}

std::string childPath(std::string_view parent, std::string_view key)
{
    return parent.empty() ? std::string(key) : std::string(parent).append(".").append(key);
}

std::string itemPath(std::string_view parent, std::size_t index)
{
    return std::string(parent).append("[").append(std::to_string(index)).append("]");
}

std::string lowerCase(std::string_view text)
{
    std::string lower(text);
    std::transform(lower.begin(), lower.end(), lower.begin(), [](char letter) { return lowerCase(letter); });
    return lower;
}

bool equalIgnoringCase(std::string_view left, std::string_view right)
{
    return std::equal(left.begin(), left.end(), right.begin(), right.end(),
                      [](char a, char b) { return lowerCase(a) == lowerCase(b); });
}

std::string formatFloat(double number)
{
    if (std::isnan(number))
        return "NaN";
    if (std::isinf(number))
        return number > 0 ? "+Inf" : "-Inf";
    std::array<char, 400> buffer; // 1.8e308 has 309 digits
    const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), number, std::chars_format::fixed).ptr;
    return {buffer.data(), end};
}

} // namespace sluice::config
