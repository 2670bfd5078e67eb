// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/config/writer.h"

#include "daemon/config/scalar.h"
#include "daemon/config/schema.h"
#include "helper/base/duration.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

namespace sluice::config {

namespace {

// --- What is written: the tree in the schema's order, without what GOST leaves out ---------------------------------

/// A value as it will be printed. Objects are ordered already.
struct Printed
{
    enum class Kind { Null, Boolean, Integer, Float, Text, List, Map, Absent };
    Kind kind = Kind::Null;
    bool boolean = false;
    std::int64_t integer = 0;
    double number = 0;
    std::string text;
    std::vector<Printed> items; ///< of a list; of a map the values
    std::vector<std::string> keys;
};

enum class Format { Yaml, Json };

bool isLetter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || static_cast<unsigned char>(c) >= 0x80;
}

bool isDigit(char c)
{
    return c >= '0' && c <= '9';
}

/// The order of map keys in GOST's YAML: digits compare as numbers, letters come after other characters.
bool naturalLess(const std::string &a, const std::string &b)
{
    bool digits = false;
    for (std::size_t i = 0; i < a.size() && i < b.size(); ++i) {
        if (a[i] == b[i]) {
            digits = isDigit(a[i]);
            continue;
        }
        const bool isLetterA = isLetter(a[i]);
        const bool isLetterB = isLetter(b[i]);
        if (isLetterA && isLetterB)
            return static_cast<unsigned char>(a[i]) < static_cast<unsigned char>(b[i]);
        if (isLetterA || isLetterB)
            return digits ? isLetterA : isLetterB;
        std::uint64_t numberA = 0;
        std::uint64_t numberB = 0;
        if (a[i] == '0' || b[i] == '0') {
            for (std::size_t j = i; j > 0 && isDigit(a[j - 1]); --j) {
                if (a[j - 1] != '0') {
                    numberA = numberB = 1;
                    break;
                }
            }
        }
        std::size_t endA = i;
        for (; endA < a.size() && isDigit(a[endA]); ++endA)
            numberA = numberA * 10 + static_cast<std::uint64_t>(a[endA] - '0');
        std::size_t endB = i;
        for (; endB < b.size() && isDigit(b[endB]); ++endB)
            numberB = numberB * 10 + static_cast<std::uint64_t>(b[endB] - '0');
        if (numberA != numberB)
            return numberA < numberB;
        if (endA != endB)
            return endA < endB;
        return static_cast<unsigned char>(a[i]) < static_cast<unsigned char>(b[i]);
    }
    return a.size() < b.size();
}

class Arranger
{
public:
    explicit Arranger(Format format)
        : m_format(format)
    {
    }

    Printed object(const Value &value, const Schema &schema) const
    {
        Printed printed;
        printed.kind = Printed::Kind::Map;
        for (const Field &field : schema.fields) {
            const Value *member = value.find(field.name);
            Printed part = member != nullptr ? known(*member, field) : absent();
            const bool isAlways = field.isAlwaysWritten && !(m_format == Format::Json && field.isOmittedFromJson);
            // GOST joins the top-level lists of several sources, and nothing joined to nothing is not even a list.
            if (&schema == &documentSchema() && part.items.empty() && part.kind == Printed::Kind::List)
                part = absent();
            if (part.kind == Printed::Kind::Absent || (!isAlways && isEmpty(part, field))) {
                if (!isAlways)
                    continue;
                if (part.kind == Printed::Kind::Absent)
                    part = emptyOf(field);
            }
            printed.keys.emplace_back(m_format == Format::Json && !field.jsonName.empty() ? field.jsonName
                                                                                          : field.name);
            printed.items.push_back(std::move(part));
        }
        for (const Entry &entry : value.map() != nullptr ? *value.map() : Value::Map()) {
            if (schema.find(entry.key) == nullptr) {
                printed.keys.push_back(entry.key);
                printed.items.push_back(free(entry.value));
            }
        }
        return printed;
    }

private:
    static Printed absent()
    {
        Printed printed;
        printed.kind = Printed::Kind::Absent;
        return printed;
    }

    static Printed scalar(const Value &value)
    {
        Printed printed;
        if (const bool *boolean = value.boolean()) {
            printed.kind = Printed::Kind::Boolean;
            printed.boolean = *boolean;
        } else if (const std::int64_t *integer = value.integer()) {
            printed.kind = Printed::Kind::Integer;
            printed.integer = *integer;
        } else if (const double *number = value.number()) {
            printed.kind = Printed::Kind::Float;
            printed.number = *number;
        } else if (const std::string *text = value.text()) {
            printed.kind = Printed::Kind::Text;
            printed.text = *text;
        }
        return printed;
    }

    /// A value of metadata or of an unknown key: maps are sorted.
    Printed free(const Value &value) const
    {
        Printed printed = scalar(value);
        if (const Value::List *items = value.list()) {
            printed.kind = Printed::Kind::List;
            for (const Value &item : *items)
                printed.items.push_back(free(item));
        } else if (const Value::Map *entries = value.map()) {
            printed.kind = Printed::Kind::Map;
            std::vector<const Entry *> sorted;
            for (const Entry &entry : *entries)
                sorted.push_back(&entry);
            std::stable_sort(sorted.begin(), sorted.end(), [this](const Entry *left, const Entry *right) {
                return m_format == Format::Json ? left->key < right->key : naturalLess(left->key, right->key);
            });
            for (const Entry *entry : sorted) {
                printed.keys.push_back(entry->key);
                printed.items.push_back(free(entry->value));
            }
        }
        return printed;
    }

    Printed known(const Value &value, const Field &field) const
    {
        switch (field.type) {
        case FieldType::Object: return object(value, *field.object);
        case FieldType::ObjectList: {
            Printed printed;
            printed.kind = Printed::Kind::List;
            for (const Value &item : value.list() != nullptr ? *value.list() : Value::List())
                printed.items.push_back(object(item, *field.object));
            return printed;
        }
        case FieldType::Duration: {
            Printed printed = scalar(value);
            if (m_format == Format::Yaml && printed.integer != 0) {
                printed.kind = Printed::Kind::Text;
                printed.text = formatDuration(Duration{printed.integer});
            }
            return printed;
        }
        default: return free(value);
        }
    }

    /// What GOST leaves out unless the key is always written. An object that is there is never empty.
    static bool isEmpty(const Printed &printed, const Field &field)
    {
        switch (printed.kind) {
        case Printed::Kind::Boolean: return !printed.boolean;
        case Printed::Kind::Integer: return printed.integer == 0;
        case Printed::Kind::Text: return printed.text.empty();
        case Printed::Kind::Float: return printed.number == 0;
        case Printed::Kind::List: return printed.items.empty();
        case Printed::Kind::Map: return field.type != FieldType::Object && printed.items.empty();
        case Printed::Kind::Null:
        case Printed::Kind::Absent: return true;
        }
        return true;
    }

    [[nodiscard]] Printed emptyOf(const Field &field) const
    {
        Printed printed;
        switch (field.type) {
        case FieldType::Boolean: printed.kind = Printed::Kind::Boolean; break;
        case FieldType::Integer: printed.kind = Printed::Kind::Integer; break;
        case FieldType::Duration:
            printed.kind = m_format == Format::Yaml ? Printed::Kind::Text : Printed::Kind::Integer;
            printed.text = "0s";
            break;
        case FieldType::Text: printed.kind = Printed::Kind::Text; break;
        case FieldType::TextList:
        case FieldType::ObjectList:
            // A Go slice that was never made: empty in YAML, null in JSON.
            printed.kind = m_format == Format::Yaml ? Printed::Kind::List : Printed::Kind::Null;
            break;
        default: break;
        }
        return printed;
    }

    Format m_format;
};

// --- YAML ----------------------------------------------------------------------------------------------------------

/// One character of UTF-8 text. The reader has checked the encoding; a stray byte counts as itself.
struct Character
{
    char32_t code = 0;
    std::size_t length = 1;
};

Character characterAt(std::string_view text, std::size_t at)
{
    const auto byte = [text](std::size_t index) { return static_cast<unsigned char>(text[index]); };
    const unsigned char lead = byte(at);
    const std::size_t length = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    if (length == 1 || lead < 0xc2 || at + length > text.size())
        return {lead, 1};
    char32_t code = lead & (0xffU >> (length + 1));
    for (std::size_t index = 1; index < length; ++index)
        code = code << 6U | (byte(at + index) & 0x3fU);
    return {code, length};
}

bool isPrintable(char32_t code)
{
    return code == '\n' || (code >= 0x20 && code <= 0x7e) || (code >= 0xa0 && code <= 0xd7ff) ||
           (code >= 0xe000 && code <= 0xfffd && code != 0xfeff);
}

bool isBreak(char32_t code)
{
    return code == '\r' || code == '\n' || code == 0x85 || code == 0x2028 || code == 0x2029;
}

/// Which ways of writing a text YAML allows.
struct Allowed
{
    bool plain = true;
    bool singleQuoted = true;
    bool block = true;
};

Allowed allowedStyles(std::string_view text)
{
    bool hasIndicator = text.starts_with("---") || text.starts_with("...");
    bool hasBreak = false;
    bool hasSpecial = false;
    bool hasTab = false;
    bool hasBreakSpace = false;
    bool hasSpaceBreak = false;
    bool isAfterSpace = false;
    bool isAfterBreak = false;
    bool isAfterBlank = true;
    for (std::size_t at = 0; at < text.size();) {
        const auto [code, length] = characterAt(text, at);
        const std::size_t next = at + length;
        const bool isBeforeBlank = next >= text.size() || text[next] == ' ' || text[next] == '\t';
        if (at == 0 && code < 0x80 &&
            std::string_view("#,[]{}&*!|>'\"%@`").find(static_cast<char>(code)) != std::string_view::npos)
            hasIndicator = true;
        if ((code == ':' || (at == 0 && (code == '?' || code == '-'))) && isBeforeBlank)
            hasIndicator = true;
        if (code == '#' && isAfterBlank)
            hasIndicator = true;
        hasTab = hasTab || code == '\t';
        hasSpecial = hasSpecial || (code != '\t' && !isPrintable(code));
        hasBreakSpace = hasBreakSpace || (code == ' ' && isAfterBreak);
        hasSpaceBreak = hasSpaceBreak || (isBreak(code) && isAfterSpace);
        hasBreak = hasBreak || isBreak(code);
        isAfterSpace = code == ' ';
        isAfterBreak = isBreak(code);
        isAfterBlank = code == ' ' || code == '\t' || isBreak(code);
        at = next;
    }
    const bool hasOuterSpace = text.starts_with(' ') || text.ends_with(' ');
    Allowed allowed;
    allowed.singleQuoted = !hasBreakSpace && !hasSpaceBreak && !hasTab && !hasSpecial && !hasBreak;
    allowed.plain = allowed.singleQuoted && !hasOuterSpace && !hasIndicator;
    allowed.block = !text.ends_with(' ') && !hasSpaceBreak && !hasSpecial;
    return allowed;
}

/// Would an unquoted text read as something else, here or by a YAML 1.1 reader?
bool needsDoubleQuotes(std::string_view text)
{
    static constexpr std::string_view oldBooleans[] = {"y", "Y", "yes", "Yes", "YES", "on",  "On",  "ON",
                                                       "n", "N", "no",  "No",  "NO",  "off", "Off", "OFF"};
    if (std::find(std::begin(oldBooleans), std::end(oldBooleans), text) != std::end(oldBooleans))
        return true;
    return resolvePlainScalar(text).text() == nullptr || looksLikeTimestamp(text) || looksLikeBase60(text);
}

std::string doubleQuoted(std::string_view text)
{
    static constexpr std::pair<char32_t, char> shortEscapes[] = {
        {0x00, '0'}, {0x07, 'a'}, {0x08, 'b'},  {0x09, 't'}, {0x0a, 'n'}, {0x0b, 'v'},   {0x0c, 'f'},  {0x0d, 'r'},
        {0x1b, 'e'}, {'"', '"'},  {'\\', '\\'}, {0x85, 'N'}, {0xa0, '_'}, {0x2028, 'L'}, {0x2029, 'P'}};
    std::string quoted = "\"";
    for (std::size_t at = 0; at < text.size();) {
        const auto [code, length] = characterAt(text, at);
        if (isPrintable(code) && !isBreak(code) && code != '"' && code != '\\') {
            quoted.append(text.substr(at, length));
        } else {
            const auto *escape = std::find_if(std::begin(shortEscapes), std::end(shortEscapes),
                                              [code = code](const auto &pair) { return pair.first == code; });
            quoted += '\\';
            if (escape != std::end(shortEscapes)) {
                quoted += escape->second;
            } else {
                const unsigned digits = code <= 0xff ? 2 : code <= 0xffff ? 4 : 8;
                quoted += digits == 2 ? 'x' : digits == 4 ? 'u' : 'U';
                for (unsigned shift = digits * 4; shift > 0; shift -= 4)
                    quoted += "0123456789ABCDEF"[code >> (shift - 4) & 15U];
            }
        }
        at += length;
    }
    return quoted + '"';
}

std::string singleQuoted(std::string_view text)
{
    std::string quoted = "'";
    for (const char c : text)
        quoted.append(c == '\'' ? 2 : 1, c);
    return quoted + '\'';
}

std::string literalBlock(std::string_view text, std::size_t indent)
{
    std::string block = "|";
    if (text[0] == ' ' || text[0] == '\n')
        block += '2';
    if (!text.ends_with('\n'))
        block += '-';
    else if (text.size() == 1 || text[text.size() - 2] == '\n')
        block += '+';
    bool isLineStart = true;
    block += '\n';
    for (const char c : text) {
        if (isLineStart && c != '\n')
            block.append(indent, ' ');
        block += c;
        isLineStart = c == '\n';
    }
    if (block.ends_with('\n')) // the caller ends the line
        block.pop_back();
    return block;
}

/// Go's FormatFloat(number, 'g', -1, 64) in YAML's words.
std::string yamlFloat(double number)
{
    if (std::isnan(number))
        return ".nan";
    if (std::isinf(number))
        return number > 0 ? ".inf" : "-.inf";
    std::array<char, 32> buffer;
    const auto end =
        std::to_chars(buffer.data(), buffer.data() + buffer.size(), number, std::chars_format::scientific).ptr;
    const std::string scientific(buffer.data(), end);
    const int exponent = std::stoi(scientific.substr(scientific.find('e') + 1));
    constexpr int limit = 6; // so says Go; 1e+06 has the exponent 6
    return exponent < -4 || exponent >= limit ? scientific : formatFloat(number);
}

class YamlWriter
{
public:
    std::string write(const Printed &root)
    {
        map(root, 0, true);
        return std::move(m_text);
    }

private:
    /// `isAtStart`: the cursor stands where the first key belongs.
    void map(const Printed &printed, std::size_t indent, bool isAtStart)
    {
        for (std::size_t index = 0; index < printed.keys.size(); ++index) {
            if (!isAtStart || index > 0)
                m_text.append(indent, ' ');
            const std::string &key = printed.keys[index];
            constexpr std::size_t longestSimpleKey = 128;
            if (key.size() > longestSimpleKey) {
                m_text.append("? ").append(scalarText(key, indent, true)).append("\n").append(indent, ' ').append(":");
            } else {
                m_text.append(scalarText(key, indent, true)).append(":");
            }
            value(printed.items[index], indent);
        }
    }

    /// What follows "key:".
    void value(const Printed &printed, std::size_t indent)
    {
        if (printed.kind == Printed::Kind::Map && !printed.items.empty()) {
            m_text += '\n';
            map(printed, indent + 2, false);
        } else if (printed.kind == Printed::Kind::List && !printed.items.empty()) {
            m_text += '\n';
            list(printed, indent + 2, false);
        } else {
            const std::string text = scalar(printed, indent);
            m_text.append(text.empty() ? "" : " ").append(text).append("\n");
        }
    }

    void list(const Printed &printed, std::size_t indent, bool isAtStart)
    {
        for (std::size_t index = 0; index < printed.items.size(); ++index) {
            if (!isAtStart || index > 0)
                m_text.append(indent, ' ');
            m_text += "- ";
            const Printed &item = printed.items[index];
            if (item.kind == Printed::Kind::Map && !item.items.empty())
                map(item, indent + 2, true);
            else if (item.kind == Printed::Kind::List && !item.items.empty())
                list(item, indent + 2, true);
            else
                m_text.append(scalar(item, indent)).append("\n");
        }
    }

    static std::string scalar(const Printed &printed, std::size_t indent)
    {
        switch (printed.kind) {
        case Printed::Kind::Boolean: return printed.boolean ? "true" : "false";
        case Printed::Kind::Integer: return std::to_string(printed.integer);
        case Printed::Kind::Float: return yamlFloat(printed.number);
        case Printed::Kind::Text: return scalarText(printed.text, indent, false);
        case Printed::Kind::List: return "[]";
        case Printed::Kind::Map: return "{}";
        case Printed::Kind::Null:
        case Printed::Kind::Absent: return "null";
        }
        return {};
    }

    static std::string scalarText(const std::string &text, std::size_t indent, bool isKey)
    {
        const Allowed allowed = allowedStyles(text);
        if (text.find('\n') != std::string::npos)
            return allowed.block && !isKey ? literalBlock(text, indent + 2) : doubleQuoted(text);
        const bool isMergeKey = isKey && text == "<<";
        if (isMergeKey || needsDoubleQuotes(text))
            return doubleQuoted(text);
        if (allowed.plain)
            return text;
        return allowed.singleQuoted ? singleQuoted(text) : doubleQuoted(text);
    }

    std::string m_text;
};

// --- JSON ----------------------------------------------------------------------------------------------------------

std::string jsonText(std::string_view text)
{
    std::string quoted = "\"";
    const auto escape = [&quoted](char32_t code) {
        quoted += "\\u";
        for (unsigned shift = 16; shift > 0; shift -= 4)
            quoted += "0123456789abcdef"[code >> (shift - 4) & 15U];
    };
    for (std::size_t at = 0; at < text.size();) {
        const auto [code, length] = characterAt(text, at);
        switch (code) {
        case '"':
        case '\\': quoted.append({'\\', static_cast<char>(code)}); break;
        case '\b': quoted += "\\b"; break;
        case '\f': quoted += "\\f"; break;
        case '\n': quoted += "\\n"; break;
        case '\r': quoted += "\\r"; break;
        case '\t': quoted += "\\t"; break;
        default:
            // Go escapes what could end a script in HTML.
            if (code < 0x20 || code == '<' || code == '>' || code == '&' || code == 0x2028 || code == 0x2029)
                escape(code);
            else
                quoted.append(text.substr(at, length));
        }
        at += length;
    }
    return quoted + '"';
}

std::string jsonFloat(double number)
{
    constexpr double smallest = 1e-6;
    constexpr double largest = 1e21;
    if (!std::isfinite(number))
        return "null"; // JSON has no word for it
    if (number == 0 || (std::abs(number) >= smallest && std::abs(number) < largest))
        return formatFloat(number);
    std::array<char, 32> buffer;
    const auto end =
        std::to_chars(buffer.data(), buffer.data() + buffer.size(), number, std::chars_format::scientific).ptr;
    std::string text(buffer.data(), end);
    if (const std::size_t at = text.find("e-0"); at != std::string::npos)
        text.erase(at + 2, 1);
    return text;
}

class JsonWriter
{
public:
    std::string write(const Printed &root)
    {
        value(root, 0);
        m_text += '\n';
        return std::move(m_text);
    }

private:
    void value(const Printed &printed, std::size_t indent)
    {
        switch (printed.kind) {
        case Printed::Kind::Boolean: m_text += printed.boolean ? "true" : "false"; break;
        case Printed::Kind::Integer: m_text += std::to_string(printed.integer); break;
        case Printed::Kind::Float: m_text += jsonFloat(printed.number); break;
        case Printed::Kind::Text: m_text += jsonText(printed.text); break;
        case Printed::Kind::List: members(printed, indent, '[', ']'); break;
        case Printed::Kind::Map: members(printed, indent, '{', '}'); break;
        case Printed::Kind::Null:
        case Printed::Kind::Absent: m_text += "null"; break;
        }
    }

    void members(const Printed &printed, std::size_t indent, char opening, char closing)
    {
        m_text += opening;
        for (std::size_t index = 0; index < printed.items.size(); ++index) {
            m_text.append(index == 0 ? "\n" : ",\n").append(indent + 2, ' ');
            if (!printed.keys.empty())
                m_text.append(jsonText(printed.keys[index])).append(": ");
            value(printed.items[index], indent + 2);
        }
        if (!printed.items.empty())
            m_text.append("\n").append(indent, ' ');
        m_text += closing;
    }

    std::string m_text;
};

} // namespace

std::string writeYaml(const Document &document)
{
    return YamlWriter().write(Arranger(Format::Yaml).object(document.root, documentSchema()));
}

std::string writeJson(const Document &document)
{
    return JsonWriter().write(Arranger(Format::Json).object(document.root, documentSchema()));
}

} // namespace sluice::config
