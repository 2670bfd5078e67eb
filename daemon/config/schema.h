// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
//
// GOST v3's configuration objects: which keys each has, of which type, in the order in which GOST writes them.
// One table, used for reading (types, unknown keys), for writing (order, what is left out) and for checking.
// Source: GOST v3.3.0's own output and https://gost.run/en/reference/configuration/file/.
#pragma once

#include "daemon/config/document.h"

#include <cstdint>
#include <span>
#include <string_view>

namespace sluice::config {

struct Schema;

enum class FieldType : std::uint8_t {
    Text,
    Boolean,
    Integer,
    Duration, ///< in the tree: an integer of nanoseconds
    TextList,
    TextMap,    ///< text to text
    Metadata,   ///< open map, loosely typed
    Object,     ///< one object of `object`
    ObjectList, ///< a list of them
};

/// Does Sluice act on a key?
enum class Support : std::uint8_t {
    Honoured,
    Inert,   ///< kept and written back, without effect
    Missing, ///< without effect although users count on it (limits, access rules): worth a warning
};

struct Field
{
    std::string_view name;
    FieldType type = FieldType::Text;
    const Schema *object = nullptr;
    bool isAlwaysWritten = false; ///< written even when empty
    Support support = Support::Honoured;
    std::string_view jsonName = {}; ///< where GOST's JSON spells it differently
    std::string_view textKey = {};  ///< ObjectList: a plain text item is short for an object with this key
    bool isOmittedFromJson = false; ///< when empty, although it is always written to YAML
};

struct Schema
{
    std::span<const Field> fields;

    /// In any case of letters, as GOST reads them.
    [[nodiscard]] const Field *find(std::string_view name) const;
};

/// The whole file.
[[nodiscard]] const Schema &documentSchema();

/// Gives every known key its GOST spelling and every value the key's type, in place, the way GOST converts them.
/// Metadata keys become lower case when `lowersMetadata` (GOST does that to files, not to URLs).
/// Unknown keys stay as they are; `issues` gets a note or, when a known key looks alike, a warning for each.
/// A value that cannot be converted is removed and reported as an error. Thread: any.
void applySchema(Document &document, bool lowersMetadata, Issues &issues);

/// The known word nearest to `word` (at most 2 edits, fewer for short words); empty if there is none.
[[nodiscard]] std::string_view nearestWord(std::string_view word, std::span<const std::string_view> known);

} // namespace sluice::config
