// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/config/metadata.h"

#include "daemon/config/document.h"
#include "daemon/config/scalar.h"

#include <cmath>

namespace sluice::config {

namespace {

std::optional<std::string> scalarText(const MetadataValue &value)
{
    if (const auto *boolean = std::get_if<bool>(&value.value))
        return *boolean ? "true" : "false";
    if (const auto *integer = std::get_if<std::int64_t>(&value.value))
        return std::to_string(*integer);
    if (const auto *number = std::get_if<double>(&value.value))
        return formatFloat(*number);
    if (const auto *text = std::get_if<std::string>(&value.value))
        return *text;
    return std::nullopt;
}

/// Numbers in JSON have no integer type; whole ones count as integers.
std::optional<std::int64_t> wholeNumber(const MetadataValue &value)
{
    if (const auto *integer = std::get_if<std::int64_t>(&value.value))
        return *integer;
    if (const auto *number = std::get_if<double>(&value.value)) {
        if (*number == std::trunc(*number) && std::abs(*number) < 9e15)
            return static_cast<std::int64_t>(*number);
    }
    return std::nullopt;
}

std::optional<Duration> seconds(std::int64_t count)
{
    constexpr std::int64_t limit = 9'223'372'036; // more seconds do not fit into 64 bits of nanoseconds
    if (count > limit || count < -limit)
        return std::nullopt;
    return std::chrono::seconds(count);
}

} // namespace

void Metadata::set(std::string_view key, MetadataValue value)
{
    m_values[lowerCase(key)] = std::move(value);
}

const MetadataValue *Metadata::find(Aliases keys) const
{
    for (const std::string_view key : keys) {
        const auto found = m_values.find(lowerCase(key));
        if (found != m_values.end())
            return &found->second;
    }
    return nullptr;
}

std::optional<bool> Metadata::boolean(Aliases keys) const
{
    const MetadataValue *value = find(keys);
    if (value == nullptr)
        return std::nullopt;
    if (const auto *boolean = std::get_if<bool>(&value->value))
        return *boolean;
    if (const auto integer = wholeNumber(*value))
        return *integer != 0;
    if (const auto *text = std::get_if<std::string>(&value->value))
        return parseGoBoolean(*text);
    return std::nullopt;
}

std::optional<std::int64_t> Metadata::integer(Aliases keys) const
{
    const MetadataValue *value = find(keys);
    if (value == nullptr)
        return std::nullopt;
    if (const auto integer = wholeNumber(*value))
        return integer;
    if (const auto *boolean = std::get_if<bool>(&value->value))
        return *boolean ? 1 : 0;
    if (const auto *text = std::get_if<std::string>(&value->value))
        return parseDecimalOrHex(*text);
    return std::nullopt;
}

std::optional<Duration> Metadata::duration(Aliases keys) const
{
    const MetadataValue *value = find(keys);
    if (value == nullptr)
        return std::nullopt;
    if (const auto integer = wholeNumber(*value))
        return seconds(*integer);
    if (const auto *text = std::get_if<std::string>(&value->value)) {
        if (const auto duration = parseDuration(*text))
            return duration;
        if (const auto integer = parseDecimal(*text))
            return seconds(*integer);
    }
    return std::nullopt;
}

std::optional<std::string> Metadata::string(Aliases keys) const
{
    const MetadataValue *value = find(keys);
    return value == nullptr ? std::nullopt : scalarText(*value);
}

std::optional<std::vector<std::string>> Metadata::strings(Aliases keys) const
{
    const MetadataValue *value = find(keys);
    const auto *list = value == nullptr ? nullptr : std::get_if<MetadataValue::List>(&value->value);
    if (list == nullptr)
        return std::nullopt;
    std::vector<std::string> texts;
    for (const MetadataValue &item : *list) {
        if (const auto *text = std::get_if<std::string>(&item.value))
            texts.push_back(*text);
    }
    return texts;
}

std::optional<std::map<std::string, std::string>> Metadata::map(Aliases keys) const
{
    const MetadataValue *value = find(keys);
    const auto *map = value == nullptr ? nullptr : std::get_if<MetadataValue::Map>(&value->value);
    if (map == nullptr)
        return std::nullopt;
    std::map<std::string, std::string> texts;
    for (const auto &[key, item] : *map) {
        if (auto text = scalarText(item))
            texts.emplace(key, *std::move(text));
    }
    return texts;
}

} // namespace sluice::config
