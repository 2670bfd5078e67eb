// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/config/yaml_reader.h"

#include "daemon/config/scalar.h"
#include "daemon/config/utf8.h"

#include <algorithm>
#include <exception>
#include <map>
#include <sstream>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

namespace sluice::config {

namespace {

/// Why reading stops; thrown through yaml-cpp's parser and caught in readYaml.
struct Refusal
{
    Position position;
    std::string text;
    std::string id;
};

/// Finds bytes that no configuration has. Throws Refusal.
void checkBytes(std::string_view text, int file)
{
    if (text.size() > ReadLimits::bytes) {
        throw Refusal{{file, 0, 0},
                      "the file has " + std::to_string(text.size()) + " bytes; a configuration has at most " +
                          std::to_string(ReadLimits::bytes),
                      "too-large"};
    }
    Position position{file, 1, 1};
    for (std::size_t at = 0; at < text.size();) {
        if (text[at] == '\0')
            throw Refusal{position, "there is a NUL byte; is this a text file?", "nul-byte"};
        const std::size_t length = utf8Length(text, at);
        if (length == 0)
            throw Refusal{position, "this is not UTF-8; save the file as UTF-8", "not-utf8"};
        if (text[at] == '\n') {
            ++position.line;
            position.column = 1;
        } else {
            ++position.column;
        }
        at += length;
    }
}

/// Is the quoted scalar at `start` closed? yaml-cpp takes the end of the file for the end of the quote. A tag or an
/// anchor may stand before the quote; a block scalar ("|") has none.
bool isQuoteClosed(std::string_view text, std::size_t start)
{
    while (start < text.size() && (text[start] == '&' || text[start] == '!'))
        start = text.find_first_not_of(" \t\r\n", std::min(text.find_first_of(" \t\r\n", start), text.size()));
    if (start >= text.size() || (text[start] != '"' && text[start] != '\''))
        return true;
    const char quote = text[start];
    for (std::size_t at = start + 1; at < text.size(); ++at) {
        if (quote == '"' && text[at] == '\\')
            ++at;
        else if (text[at] == quote && quote == '\'' && at + 1 < text.size() && text[at + 1] == '\'')
            ++at;
        else if (text[at] == quote)
            return true;
    }
    return false;
}

/// yaml-cpp makes single bytes of the escapes \N (U+0085) and \_ (U+00A0); in UTF-8 they have two.
std::string withRepairedEscapes(const std::string &text)
{
    std::string repaired;
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t length = utf8Length(text, at);
        if (length == 0)
            repaired += '\xc2';
        repaired.append(text, at, std::max<std::size_t>(length, 1));
        at += std::max<std::size_t>(length, 1);
    }
    return repaired;
}

/// Builds the tree from the parser's events, so that every limit holds before memory is used.
class TreeBuilder : public YAML::EventHandler
{
public:
    TreeBuilder(std::string_view text, int file, Syntax syntax)
        : m_text(text)
        , m_file(file)
        , m_syntax(syntax)
    {
    }

    Value takeRoot() { return std::move(m_root); }

    void OnDocumentStart(const YAML::Mark &) override {}
    void OnDocumentEnd() override {}

    void OnNull(const YAML::Mark &mark, YAML::anchor_t anchor) override
    {
        addScalar(Value(), positionOf(mark), anchor);
    }

    void OnAlias(const YAML::Mark &mark, YAML::anchor_t anchor) override
    {
        const Position position = positionOf(mark);
        const auto found = m_anchors.find(anchor);
        if (found == m_anchors.end())
            throw Refusal{position, "this alias stands inside the value that it names", "yaml-cycle"};
        countNodes(found->second.nodes, position);
        if (m_open.size() + found->second.depth > ReadLimits::depth)
            refuseDepth(position);
        add(Value(found->second.value), position, found->second.nodes, found->second.depth, 0);
    }

    void OnScalar(const YAML::Mark &mark, const std::string &tag, YAML::anchor_t anchor,
                  const std::string &text) override
    {
        const Position position = positionOf(mark);
        if (text.find('\0') != std::string::npos)
            throw Refusal{position, "an escape makes a NUL byte here", "nul-byte"};
        if (!isQuoteClosed(m_text, static_cast<std::size_t>(std::max(mark.pos, 0))))
            throw Refusal{position, "this quote is never closed", "yaml-syntax"};

        Value value(withRepairedEscapes(text));
        if (tag == "?" || tag == "tag:yaml.org,2002:int" || tag == "tag:yaml.org,2002:bool" ||
            tag == "tag:yaml.org,2002:float" || tag == "tag:yaml.org,2002:null") {
            value = resolvePlainScalar(text);
            value.written = text;
        }
        if (m_syntax == Syntax::Json && value.integer() != nullptr)
            value.data = static_cast<double>(*value.integer());
        addScalar(std::move(value), position, anchor);
    }

    void OnSequenceStart(const YAML::Mark &mark, const std::string &, YAML::anchor_t anchor,
                         YAML::EmitterStyle::value) override
    {
        open(Value(Value::List{}), positionOf(mark), anchor);
    }
    void OnSequenceEnd() override { close(); }

    void OnMapStart(const YAML::Mark &mark, const std::string &, YAML::anchor_t anchor,
                    YAML::EmitterStyle::value) override
    {
        open(Value(Value::Map{}), positionOf(mark), anchor);
    }
    void OnMapEnd() override { close(); }

private:
    /// A list or map whose end has not come yet.
    struct Open
    {
        Value value;
        YAML::anchor_t anchor = 0;
        std::size_t nodes = 1; ///< in this subtree so far
        std::size_t depth = 1; ///< of this subtree so far
        bool hasKey = false;
        std::string key;
        bool isMergeKey = false;
        Position keyPosition;
        std::map<std::string, int> keyLines;
        std::vector<Value> merged; ///< values of "<<" keys
    };
    struct Anchored
    {
        Value value;
        std::size_t nodes;
        std::size_t depth;
    };

    [[nodiscard]] Position positionOf(const YAML::Mark &mark) const
    {
        return mark.line < 0 ? Position{m_file, 0, 0} : Position{m_file, mark.line + 1, mark.column + 1};
    }

    [[noreturn]] static void refuseDepth(const Position &position)
    {
        throw Refusal{position, "more than " + std::to_string(ReadLimits::depth) + " levels of nesting", "too-deep"};
    }

    void countNodes(std::size_t nodes, const Position &position)
    {
        m_nodes += nodes;
        if (m_nodes > ReadLimits::nodes) {
            throw Refusal{position,
                          "more than " + std::to_string(ReadLimits::nodes) +
                              " values, aliases counted as often as they are used",
                          "too-many-values"};
        }
    }

    void open(Value value, const Position &position, YAML::anchor_t anchor)
    {
        if (m_open.size() >= ReadLimits::depth)
            refuseDepth(position);
        if (!m_open.empty() && m_open.back().value.map() != nullptr && !m_open.back().hasKey)
            throw Refusal{position, "a key must be a plain word, not a list or a map", "yaml-key"};
        countNodes(1, position);
        value.position = position;
        Open opened;
        opened.value = std::move(value);
        opened.anchor = anchor;
        m_open.push_back(std::move(opened));
    }

    void close()
    {
        Open closed = std::move(m_open.back());
        m_open.pop_back();
        for (Value &source : closed.merged)
            mergeInto(closed, source);
        const Position position = closed.value.position;
        add(std::move(closed.value), position, closed.nodes, closed.depth, closed.anchor);
    }

    void addScalar(Value value, const Position &position, YAML::anchor_t anchor)
    {
        countNodes(1, position);
        add(std::move(value), position, 1, 0, anchor);
    }

    /// Puts a complete value where it belongs: the next key, the value of a key, an item, or the root.
    void add(Value value, const Position &position, std::size_t nodes, std::size_t depth, YAML::anchor_t anchor)
    {
        value.position = position;
        if (anchor != 0)
            m_anchors.insert_or_assign(anchor, Anchored{value, nodes, depth});
        if (m_open.empty()) {
            m_root = std::move(value);
            return;
        }
        Open &parent = m_open.back();
        parent.nodes += nodes;
        parent.depth = std::max(parent.depth, depth + 1);
        if (Value::List *items = parent.value.list()) {
            items->push_back(std::move(value));
        } else if (!parent.hasKey) {
            takeKey(parent, value);
        } else if (parent.isMergeKey) {
            parent.hasKey = false;
            takeMerge(parent, std::move(value));
        } else {
            parent.hasKey = false;
            parent.value.map()->push_back(Entry{std::move(parent.key), std::move(value), parent.keyPosition});
        }
    }

    static void takeKey(Open &parent, const Value &value)
    {
        if (value.list() != nullptr || value.map() != nullptr)
            throw Refusal{value.position, "a key must be a plain word, not a list or a map", "yaml-key"};
        parent.key = value.written.empty() && value.text() != nullptr ? *value.text() : value.written;
        parent.isMergeKey = value.written == "<<";
        parent.keyPosition = value.position;
        parent.hasKey = true;
        if (parent.isMergeKey)
            return;
        const auto [known, isNew] = parent.keyLines.emplace(parent.key, value.position.line);
        if (!isNew) {
            throw Refusal{value.position,
                          "the key \"" + parent.key + "\" is there twice; the first is in line " +
                              std::to_string(known->second),
                          "duplicate-key"};
        }
    }

    static void takeMerge(Open &parent, Value value)
    {
        if (value.map() != nullptr) {
            parent.merged.push_back(std::move(value));
            return;
        }
        Value::List *maps = value.list();
        if (maps == nullptr ||
            !std::all_of(maps->begin(), maps->end(), [](const Value &item) { return item.map() != nullptr; }))
            throw Refusal{value.position, "\"<<\" takes a map or a list of maps", "yaml-merge"};
        std::move(maps->begin(), maps->end(), std::back_inserter(parent.merged));
    }

    /// YAML's merge key: what is there already wins.
    static void mergeInto(Open &target, Value &source)
    {
        for (Entry &entry : *source.map()) {
            if (target.keyLines.emplace(entry.key, entry.position.line).second)
                target.value.map()->push_back(std::move(entry));
        }
    }

    std::string_view m_text;
    int m_file;
    Syntax m_syntax;
    Value m_root;
    std::vector<Open> m_open;
    std::map<YAML::anchor_t, Anchored> m_anchors;
    std::size_t m_nodes = 0;
};

std::string withoutPrefix(std::string text)
{
    constexpr std::string_view prefix = "yaml-cpp: ";
    return text.starts_with(prefix) ? text.substr(prefix.size()) : text;
}

} // namespace

bool readYaml(std::string_view text, int file, Syntax syntax, Document &document, Issues &issues)
{
    const auto refuse = [&](const Position &position, std::string sentence, std::string id) {
        issues.push_back(document.issueAt(position, Severity::Error, {}, std::move(sentence), std::move(id)));
        return false;
    };
    try {
        checkBytes(text, file);
        constexpr std::string_view byteOrderMark = "\xef\xbb\xbf";
        if (text.starts_with(byteOrderMark))
            text.remove_prefix(byteOrderMark.size());
        std::istringstream stream{std::string(text)};
        TreeBuilder builder(text, file, syntax);
        YAML::Parser parser(stream);
        parser.HandleNextDocument(builder);
        document.root = builder.takeRoot();
        if (parser) {
            issues.push_back(document.issueAt({file, 0, 0}, Severity::Warning, {},
                                              "only the first YAML document is read; what follows '---' is not",
                                              "second-document"));
        }
    } catch (const Refusal &refusal) {
        return refuse(refusal.position, refusal.text, refusal.id);
    } catch (const YAML::Exception &exception) {
        const bool hasPlace = !exception.mark.is_null();
        return refuse({file, hasPlace ? exception.mark.line + 1 : 0, hasPlace ? exception.mark.column + 1 : 0},
                      "this is not " + std::string(syntax == Syntax::Json ? "JSON: " : "YAML: ") + exception.msg,
                      "yaml-syntax");
    } catch (const std::exception &exception) {
        return refuse({file, 0, 0}, "the file cannot be read: " + withoutPrefix(exception.what()), "yaml-syntax");
    }
    if (document.root.isNull())
        document.root.data = Value::Map{};
    return true;
}

} // namespace sluice::config
