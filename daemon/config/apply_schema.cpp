// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
//
// applySchema: GOST's conversions of a file's values to the types of its keys.
#include "daemon/config/scalar.h"
#include "daemon/config/schema.h"
#include "helper/base/duration.h"

#include <algorithm>
#include <cmath>
#include <map>

namespace sluice::config {

namespace {

/// GOST reads a bare number here as nanoseconds, which nobody means. What GOST itself saved as JSON is at least 1 s.
constexpr std::int64_t smallestSavedDuration = 1'000'000'000;

class Converter
{
public:
    Converter(Document &document, bool lowersMetadata, Issues &issues)
        : m_document(document)
        , m_lowersMetadata(lowersMetadata)
        , m_issues(issues)
    {
    }

    bool object(Value &value, const Schema &schema, const std::string &path)
    {
        if (value.map() == nullptr) {
            error(value, path, "there must be keys and values here", "wrong-type");
            return false;
        }
        refuseSecondSpelling(*value.map(), path);
        std::erase_if(*value.map(), [&](Entry &entry) {
            const Field *field = schema.find(entry.key);
            if (field == nullptr) {
                reportUnknown(entry, schema, path);
                return false;
            }
            entry.key = field->name;
            if (entry.value.isNull())
                return true; // as if the key were not there
            return !convert(entry.value, *field, childPath(path, field->name));
        });
        return true;
    }

private:
    void error(const Value &value, const std::string &path, std::string text, std::string id)
    {
        m_issues.push_back(m_document.issueAt(value.position, Severity::Error, path, std::move(text), std::move(id)));
    }

    void warn(const Value &value, const std::string &path, std::string text, std::string id)
    {
        m_issues.push_back(m_document.issueAt(value.position, Severity::Warning, path, std::move(text), std::move(id)));
    }

    /// "Name" and "name" are one key to GOST, and which of them wins is chance.
    void refuseSecondSpelling(Value::Map &entries, const std::string &path)
    {
        std::map<std::string, int> lines;
        for (const Entry &entry : entries) {
            const auto [first, isNew] = lines.emplace(lowerCase(entry.key), entry.position.line);
            if (isNew)
                continue;
            m_issues.push_back(m_document.issueAt(
                entry.position, Severity::Error, childPath(path, entry.key),
                "this key is there twice (capital letters make no difference); the first is in line " +
                    std::to_string(first->second),
                "duplicate-key"));
        }
    }

    void reportUnknown(const Entry &entry, const Schema &schema, const std::string &path)
    {
        std::vector<std::string_view> known;
        for (const Field &field : schema.fields)
            known.push_back(field.name);
        const std::string_view nearest = nearestWord(entry.key, known);
        std::string text = "GOST has no key \"" + entry.key + "\" here; it is kept, but does nothing";
        if (!nearest.empty())
            text = "GOST has no key \"" + entry.key + "\" here; did you mean \"" + std::string(nearest) + "\"?";
        m_issues.push_back(m_document.issueAt(entry.position, nearest.empty() ? Severity::Note : Severity::Warning,
                                              childPath(path, entry.key), std::move(text), "unknown-key"));
    }

    bool convert(Value &value, const Field &field, const std::string &path)
    {
        switch (field.type) {
        case FieldType::Text: return text(value, path);
        case FieldType::Boolean: return boolean(value, path);
        case FieldType::Integer: return integer(value, path);
        case FieldType::Duration: return duration(value, path);
        case FieldType::TextList: return textList(value, path);
        case FieldType::TextMap: return textMap(value, path);
        case FieldType::Metadata: return metadata(value, path);
        case FieldType::Object: return object(value, *field.object, path);
        case FieldType::ObjectList: return objectList(value, field, path);
        }
        return false;
    }

    bool text(Value &value, const std::string &path)
    {
        if (value.text() != nullptr)
            return true;
        if (const bool *boolean = value.boolean())
            value.data = std::string(*boolean ? "1" : "0");
        else if (const std::int64_t *integer = value.integer())
            value.data = std::to_string(*integer);
        else if (const double *number = value.number())
            value.data = formatFloat(*number);
        else {
            error(value, path, "there must be a text here, not a list or keys", "wrong-type");
            return false;
        }
        if (!value.written.empty() && *value.text() != value.written) {
            // The value may be a password, so it is not repeated.
            warn(value, path, "GOST reads this as a number or a boolean and so changes it; put it in quotes",
                 "surprising-text");
        }
        return true;
    }

    bool boolean(Value &value, const std::string &path)
    {
        if (value.boolean() != nullptr)
            return true;
        if (const std::int64_t *integer = value.integer()) {
            value.data = *integer != 0;
        } else if (const double *number = value.number()) {
            value.data = *number != 0;
        } else if (const std::string *word = value.text()) {
            const auto parsed = word->empty() ? std::optional(false) : parseGoBoolean(*word);
            if (!parsed) {
                error(value, path, "\"" + *word + "\" is neither true nor false", "bad-boolean");
                return false;
            }
            value.data = *parsed;
        } else {
            error(value, path, "there must be true or false here", "wrong-type");
            return false;
        }
        return true;
    }

    bool integer(Value &value, const std::string &path)
    {
        if (value.integer() != nullptr)
            return true;
        if (const double *number = value.number()) {
            constexpr double limit = 9.2e18;
            if (!(std::abs(*number) < limit)) {
                error(value, path, "this number is too large", "bad-integer");
                return false;
            }
            if (*number != std::trunc(*number))
                warn(value, path, "the fraction is cut off", "surprising-number");
            value.data = static_cast<std::int64_t>(*number);
        } else if (const bool *boolean = value.boolean()) {
            value.data = std::int64_t{*boolean ? 1 : 0};
        } else if (const std::string *word = value.text()) {
            const auto parsed = word->empty() ? std::optional<std::int64_t>(0) : parseAnyBase(*word);
            if (!parsed) {
                error(value, path, "\"" + *word + "\" is not an integer", "bad-integer");
                return false;
            }
            value.data = *parsed;
        } else {
            error(value, path, "there must be an integer here", "wrong-type");
            return false;
        }
        if (value.written.size() > 1 && value.written[0] == '0' &&
            value.written.find_first_not_of("01234567_") == std::string::npos)
            warn(value, path, "the leading zero makes this octal, " + std::to_string(*value.integer()), "octal-number");
        return true;
    }

    bool duration(Value &value, const std::string &path)
    {
        if (const std::string *word = value.text()) {
            const auto parsed = parseDuration(*word);
            if (!parsed) {
                error(value, path, "\"" + *word + "\" is not a duration; write for example 30s or 1m30s",
                      "bad-duration");
                return false;
            }
            value.data = std::int64_t{parsed->count()};
            value.written.clear();
            return true;
        }
        const bool wasRead = (value.integer() != nullptr || value.number() != nullptr) && integer(value, path);
        if (!wasRead) {
            error(value, path, "there must be a duration here, for example 30s", "wrong-type");
            return false;
        }
        const std::int64_t count = *value.integer();
        if (count != 0 && std::abs(count) < smallestSavedDuration) {
            value.data = std::int64_t{count * 1'000'000'000};
            warn(value, path,
                 "a duration needs a unit; taken as " + std::to_string(count) + "s (GOST takes nanoseconds)",
                 "duration-unit");
        }
        return true;
    }

    bool textList(Value &value, const std::string &path)
    {
        if (value.isScalar()) {
            Value item = value;
            value.data = Value::List{std::move(item)};
        }
        if (value.list() == nullptr) {
            error(value, path, "there must be a list here", "wrong-type");
            return false;
        }
        std::size_t index = 0;
        std::erase_if(*value.list(), [&](Value &item) {
            if (item.isNull())
                item.data = std::string();
            return !text(item, itemPath(path, index++));
        });
        return true;
    }

    bool textMap(Value &value, const std::string &path)
    {
        if (value.map() == nullptr) {
            error(value, path, "there must be keys and values here", "wrong-type");
            return false;
        }
        std::erase_if(*value.map(), [&](Entry &entry) {
            if (m_lowersMetadata)
                entry.key = lowerCase(entry.key);
            if (entry.value.isNull())
                entry.value.data = std::string();
            return !text(entry.value, childPath(path, entry.key));
        });
        return true;
    }

    bool metadata(Value &value, const std::string &path)
    {
        if (value.map() == nullptr) {
            error(value, path, "there must be keys and values here", "wrong-type");
            return false;
        }
        if (m_lowersMetadata)
            lowerKeys(value, path);
        else
            refuseSecondSpelling(*value.map(), path);
        return true;
    }

    void lowerKeys(Value &value, const std::string &path)
    {
        if (Value::Map *entries = value.map()) {
            refuseSecondSpelling(*entries, path);
            for (Entry &entry : *entries) {
                entry.key = lowerCase(entry.key);
                lowerKeys(entry.value, childPath(path, entry.key));
            }
        } else if (Value::List *items = value.list()) {
            for (std::size_t index = 0; index < items->size(); ++index)
                lowerKeys((*items)[index], itemPath(path, index));
        }
    }

    bool objectList(Value &value, const Field &field, const std::string &path)
    {
        if (value.map() != nullptr && !value.map()->empty()) { // GOST takes one object for a list of one
            Value item = std::move(value);
            value = Value(Value::List{});
            value.position = item.position;
            value.list()->push_back(std::move(item));
        }
        if (value.map() != nullptr)
            value.data = Value::List{};
        if (value.list() == nullptr) {
            error(value, path, "there must be a list here", "wrong-type");
            return false;
        }
        std::size_t index = 0;
        std::erase_if(*value.list(), [&](Value &item) {
            if (item.text() != nullptr && !field.textKey.empty()) {
                Value expanded{Value::Map{}};
                expanded.position = item.position;
                expanded.set(field.textKey, std::move(item));
                item = std::move(expanded);
            }
            return !object(item, *field.object, itemPath(path, index++));
        });
        return true;
    }

    Document &m_document;
    bool m_lowersMetadata;
    Issues &m_issues;
};

} // namespace

void applySchema(Document &document, bool lowersMetadata, Issues &issues)
{
    Converter converter(document, lowersMetadata, issues);
    if (!converter.object(document.root, documentSchema(), {}))
        document.root.data = Value::Map{};
}

} // namespace sluice::config
