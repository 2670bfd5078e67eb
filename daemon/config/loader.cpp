// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/config/loader.h"

#include "daemon/config/config_builder.h"
#include "daemon/config/config_check.h"
#include "daemon/config/schema.h"
#include "daemon/config/url_parser.h"
#include "daemon/config/yaml_reader.h"
#include "helper/base/result.h"
#include "helper/base/unique_fd.h"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <unistd.h>

namespace sluice::config {

namespace {

bool isInlineJson(std::string_view text)
{
    return text.starts_with('{') && text.ends_with('}');
}

/// At most one byte more than readYaml accepts, so that it can refuse.
Result<std::string> readAll(int fd, const std::string &name)
{
    std::string text;
    char buffer[65536];
    while (text.size() <= ReadLimits::bytes) {
        const ssize_t count = ::read(fd, buffer, sizeof buffer);
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            return systemError(name, errno);
        if (count == 0)
            break;
        text.append(buffer, static_cast<std::size_t>(count));
    }
    return text;
}

Result<std::string> readFile(const std::string &path)
{
    if (path == "-")
        return readAll(STDIN_FILENO, "standard input");
    const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
    if (!fd)
        return systemError(path, errno);
    return readAll(fd.get(), path);
}

/// Reads one text into a tree that fits the schema. False when it cannot be read at all.
bool readDocument(std::string_view text, const std::string &fileName, bool isInline, Document &document, Issues &issues)
{
    document.files = {fileName};
    const bool isJson = fileName.ends_with(".json") || ((isInline || fileName == "-") && text.starts_with('{'));
    if (!readYaml(text, 0, isJson ? Syntax::Json : Syntax::Yaml, document, issues))
        return false;
    applySchema(document, !isInline, issues);
    return true;
}

/// Reads what -C names.
bool readSource(const std::string &source, Document &document, Issues &issues)
{
    if (isInlineJson(source))
        return readDocument(source, "-C", true, document, issues);
    auto text = readFile(source);
    if (!text) {
        document.files = {source};
        issues.push_back(document.issueAt({0, 0, 0}, Severity::Error, {}, text.error().message, "unreadable-file"));
        return false;
    }
    return readDocument(*text, source, false, document, issues);
}

LoadResult finish(Document document, Issues issues)
{
    Config config = buildConfig(document, issues);
    if (!hasErrors(issues)) {
        for (Issue &issue : checkConfig(config, document))
            issues.push_back(std::move(issue));
    }
    return {std::move(config), std::move(document), std::move(issues)};
}

void shiftFiles(Value &value, int offset)
{
    if (value.position.file >= 0)
        value.position.file += offset;
    if (Value::List *items = value.list()) {
        for (Value &item : *items)
            shiftFiles(item, offset);
    } else if (Value::Map *entries = value.map()) {
        for (Entry &entry : *entries) {
            if (entry.position.file >= 0)
                entry.position.file += offset;
            shiftFiles(entry.value, offset);
        }
    }
}

const Value::List &listOf(const Document &document, std::string_view key)
{
    static const Value::List none;
    const Value *value = document.root.find(key);
    return value != nullptr && value->list() != nullptr ? *value->list() : none;
}

std::string nameOf(const Value &object)
{
    const Value *name = object.find("name");
    return name != nullptr && name->text() != nullptr ? *name->text() : std::string();
}

bool hasName(const Document &document, std::string_view list, const std::string &name)
{
    const Value::List &items = listOf(document, list);
    return std::any_of(items.begin(), items.end(), [&](const Value &item) { return nameOf(item) == name; });
}

/// Sets every text under one of the keys that reads `from` to `to`.
void renameReferences(Value &value, std::string_view key, const std::string &from, const std::string &to)
{
    if (Value::List *items = value.list()) {
        for (Value &item : *items)
            renameReferences(item, key, from, to);
    } else if (Value::Map *entries = value.map()) {
        for (Entry &entry : *entries) {
            if (entry.key == "metadata")
                continue;
            if (entry.key == key && entry.value.text() != nullptr && *entry.value.text() == from)
                entry.value.data = to;
            renameReferences(entry.value, key, from, to);
        }
    }
}

/// The command line numbers its objects from 0, as files do by custom. GOST dies of the clash.
void renameClashes(const Document &files, Document &commandLine, Issues &issues)
{
    struct Kind
    {
        std::string_view list;
        std::string_view stem;
        std::string_view reference; ///< the key that names such an object; empty: nothing does
    };
    static constexpr Kind kinds[] = {{"services", "service", ""},           {"chains", "chain", "chain"},
                                     {"bypasses", "bypass", "bypass"},      {"admissions", "admission", "admission"},
                                     {"resolvers", "resolver", "resolver"}, {"hosts", "hosts", "hosts"},
                                     {"limiters", "limiter", "limiter"},    {"climiters", "climiter", "climiter"},
                                     {"rlimiters", "rlimiter", "rlimiter"}};
    for (const Kind &kind : kinds) {
        Value *list = commandLine.root.find(kind.list);
        if (list == nullptr)
            continue;
        std::size_t next = list->list()->size();
        for (Value &object : *list->list()) {
            const std::string old = nameOf(object);
            if (!hasName(files, kind.list, old))
                continue;
            std::string fresh;
            do {
                fresh = std::string(kind.stem) + "-" + std::to_string(next++);
            } while (hasName(files, kind.list, fresh));
            object.find("name")->data = fresh;
            if (!kind.reference.empty())
                renameReferences(commandLine.root, kind.reference, old, fresh);
            issues.push_back(commandLine.issueAt(
                object.position, Severity::Note, {},
                "a file has a \"" + old + "\" already, so the command line's is \"" + fresh + "\"", "renamed"));
        }
    }
}

} // namespace

Document mergeDocuments(Document first, Document second)
{
    const int offset = static_cast<int>(first.files.size());
    shiftFiles(second.root, offset);
    std::move(second.files.begin(), second.files.end(), std::back_inserter(first.files));
    if (second.root.map() == nullptr)
        return first;
    for (Entry &entry : *second.root.map()) {
        Value *present = first.root.find(entry.key);
        if (present == nullptr)
            first.root.map()->push_back(std::move(entry));
        else if (present->list() != nullptr && entry.value.list() != nullptr)
            std::move(entry.value.list()->begin(), entry.value.list()->end(), std::back_inserter(*present->list()));
        else
            *present = std::move(entry.value);
    }
    return first;
}

Document readText(std::string_view text, const std::string &fileName, Issues &issues)
{
    Document document;
    readDocument(text, fileName, false, document, issues);
    return document;
}

LoadResult loadText(std::string_view text, const std::string &fileName)
{
    Issues issues;
    Document document = readText(text, fileName, issues);
    return finish(std::move(document), std::move(issues));
}

LoadResult loadFile(const std::string &path)
{
    Document document;
    Issues issues;
    readSource(path, document, issues);
    return finish(std::move(document), std::move(issues));
}

Document readCommandLine(const CommandLine &commandLine, Issues &issues)
{
    Document merged;
    for (const std::string &source : commandLine.files) {
        Document document;
        if (readSource(source, document, issues))
            merged = mergeDocuments(std::move(merged), std::move(document));
    }
    Document urls = parseUrls(commandLine.services, commandLine.nodes, issues);
    renameClashes(merged, urls, issues);
    return mergeDocuments(std::move(merged), std::move(urls));
}

LoadResult loadCommandLine(const CommandLine &commandLine)
{
    Issues issues;
    Document document = readCommandLine(commandLine, issues);
    return finish(std::move(document), std::move(issues));
}

} // namespace sluice::config
