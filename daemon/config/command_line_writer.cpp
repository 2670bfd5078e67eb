// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/config/command_line_writer.h"

#include "daemon/config/go_url.h"
#include "daemon/config/gost_names.h"
#include "daemon/config/url_parser.h"
#include "helper/base/duration.h"

#include <map>
#include <optional>
#include <span>
#include <vector>

namespace sluice::config {

namespace {

/// Percent-encodes everything but letters, digits and `plain`.
std::string encode(std::string_view text, std::string_view plain)
{
    std::string encoded;
    for (const char c : text) {
        const bool isPlain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                             plain.find(c) != std::string_view::npos;
        if (isPlain) {
            encoded += c;
        } else {
            const auto byte = static_cast<unsigned char>(c);
            encoded.append({'%', "0123456789ABCDEF"[byte >> 4U], "0123456789ABCDEF"[byte & 15U]});
        }
    }
    return encoded;
}

std::string textOf(const Value &object, std::string_view key)
{
    const Value *value = object.find(key);
    return value != nullptr && value->text() != nullptr ? *value->text() : std::string();
}

const Value::List &itemsOf(const Value &object, std::string_view key)
{
    static const Value::List none;
    const Value *value = object.find(key);
    return value != nullptr && value->list() != nullptr ? *value->list() : none;
}

/// A scalar as a URL parameter; nothing for lists and maps.
std::optional<std::string> parameterText(const Value &value)
{
    if (value.text() != nullptr)
        return *value.text();
    if (value.integer() != nullptr)
        return std::to_string(*value.integer());
    if (value.boolean() != nullptr)
        return std::string(*value.boolean() ? "true" : "false");
    if (value.number() != nullptr)
        return formatFloat(*value.number());
    return std::nullopt;
}

/// Numbers and booleans of metadata are texts on the command line.
void spellOutMetadata(Value &value, bool isMetadata = false)
{
    if (Value::List *items = value.list()) {
        for (Value &item : *items)
            spellOutMetadata(item, isMetadata);
    } else if (Value::Map *entries = value.map()) {
        for (Entry &entry : *entries) {
            if (isMetadata && entry.value.isScalar())
                entry.value = Value(*parameterText(entry.value));
            spellOutMetadata(entry.value, isMetadata || entry.key == "metadata");
        }
    }
}

/// One URL in the making.
class Url
{
public:
    using Parameters = std::map<std::string, std::string>;

    Parameters parameters;

    /// Adds a metadata map under "scope.".
    Result<void> addMetadata(const Value &object, std::string_view scope, const std::string &path)
    {
        const Value *metadata = object.find("metadata");
        if (metadata == nullptr || metadata->map() == nullptr)
            return {};
        for (const Entry &entry : *metadata->map()) {
            const auto text = parameterText(entry.value);
            if (!text)
                return Error{ErrorCode::Unsupported, path + ".metadata." + entry.key + ": a URL takes no list or map"};
            parameters[std::string(scope) + "." + entry.key] = *text;
        }
        return {};
    }

    /// "handler.a=1&listener.a=1&service.a=1" is "a=1".
    void shareAcross(std::span<const std::string_view> scopes)
    {
        const std::string first = std::string(scopes[0]) + ".";
        Parameters shared;
        for (const auto &[key, value] : parameters) {
            if (!key.starts_with(first))
                continue;
            const std::string name = key.substr(first.size());
            bool isEverywhere = true;
            for (const std::string_view scope : scopes) {
                const auto found = parameters.find(std::string(scope) + "." + name);
                isEverywhere = isEverywhere && found != parameters.end() && found->second == value;
            }
            if (isEverywhere)
                shared[name] = value;
        }
        for (const auto &[name, value] : shared) {
            for (const std::string_view scope : scopes)
                parameters.erase(std::string(scope) + "." + name);
            parameters[name] = value;
        }
    }

    [[nodiscard]] std::string query() const
    {
        std::string query;
        for (const auto &[key, value] : parameters) {
            query += query.empty() ? '?' : '&';
            query.append(encode(key, "-_.~")).append("=").append(encode(value, "-_.~:/,*"));
        }
        return query;
    }
};

std::string userInfo(const Value *auth)
{
    if (auth == nullptr)
        return {};
    std::string info = encode(textOf(*auth, "username"), "-_.~");
    if (const std::string password = textOf(*auth, "password"); !password.empty())
        info.append(":").append(encode(password, "-_.~"));
    return info + "@";
}

/// "red" for red and red, "relay+tls" else; a listener or dialer that goes without saying is left out.
std::string schemeOf(const std::string &outer, const std::string &inner, Layer innerLayer)
{
    const bool isImplied = inner == outer || (!isKnownToGost(innerLayer, outer) && inner == "tcp");
    return isImplied ? outer : outer + "+" + inner;
}

std::string shellQuoted(const std::string &word)
{
    constexpr std::string_view plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.:/+,=@%";
    if (!word.empty() && word.find_first_not_of(plain) == std::string::npos)
        return word;
    std::string quoted = "'";
    for (const char c : word)
        quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
    return quoted + "'";
}

void addSelector(const Value &object, Url &url)
{
    const Value *selector = object.find("selector");
    if (selector == nullptr)
        return;
    url.parameters["strategy"] = textOf(*selector, "strategy");
    if (const Value *fails = selector->find("maxFails"); fails != nullptr && fails->integer() != nullptr)
        url.parameters["maxFails"] = std::to_string(*fails->integer());
    if (const Value *timeout = selector->find("failTimeout"); timeout != nullptr && timeout->integer() != nullptr)
        url.parameters["failTimeout"] = formatDuration(Duration{*timeout->integer()});
}

void addTls(const Value &layer, Url &url, const std::string &host)
{
    const Value *tls = layer.find("tls");
    if (tls == nullptr)
        return;
    for (const std::string_view key : {"certFile", "keyFile", "caFile"}) {
        if (const std::string file = textOf(*tls, key); !file.empty())
            url.parameters["tls." + std::string(key)] = file;
    }
    if (const Value *secure = tls->find("secure"); secure != nullptr && secure->boolean() != nullptr)
        url.parameters["tls.secure"] = *secure->boolean() ? "true" : "false";
    if (const std::string name = textOf(*tls, "serverName"); !name.empty() && name != host)
        url.parameters["tls.servername"] = name;
}

class Writer
{
public:
    explicit Writer(const Document &document)
        : m_root(document.root)
    {
    }

    Result<std::string> write()
    {
        std::vector<std::string> services;
        std::vector<std::string> nodes;
        std::size_t index = 0;
        for (const Value &service : itemsOf(m_root, "services")) {
            auto url = serviceUrl(service, itemPath("services", index++));
            if (!url)
                return url.error();
            services.push_back(*std::move(url));
        }
        index = 0;
        for (const Value &chain : itemsOf(m_root, "chains")) {
            for (const Value &hop : itemsOf(chain, "hops")) {
                auto url = hopUrl(hop, itemPath("chains[0].hops", index++));
                if (!url)
                    return url.error();
                nodes.push_back(*std::move(url));
            }
        }
        if (auto difference = firstDifference(services, nodes); !difference.empty())
            return Error{ErrorCode::Unsupported, std::move(difference)};
        std::string line = "gost";
        for (const std::string &url : services)
            line += " -L " + shellQuoted(url);
        for (const std::string &url : nodes)
            line += " -F " + shellQuoted(url);
        return line;
    }

private:
    /// The object of that name in a top-level list.
    [[nodiscard]] const Value *named(std::string_view list, const std::string &name) const
    {
        for (const Value &object : itemsOf(m_root, list)) {
            if (!name.empty() && textOf(object, "name") == name)
                return &object;
        }
        return nullptr;
    }

    /// "bypass" and "admission": a list of matchers, after '~' when it is a whitelist.
    void addMatchers(const Value &object, const std::string &key, std::string_view list, Url &url) const
    {
        const Value *matchers = named(list, textOf(object, key));
        if (matchers == nullptr)
            return;
        const Value *isWhitelist = matchers->find("whitelist");
        std::string text =
            isWhitelist != nullptr && isWhitelist->boolean() != nullptr && *isWhitelist->boolean() ? "~" : "";
        for (const Value &matcher : itemsOf(*matchers, "matchers"))
            text.append(text.empty() || text == "~" ? "" : ",").append(*matcher.text());
        url.parameters[key] = text;
    }

    void addLists(const Value &object, Url &url) const
    {
        addMatchers(object, "bypass", "bypasses", url);
        addMatchers(object, "admission", "admissions", url);
        std::string text;
        if (const Value *resolver = named("resolvers", textOf(object, "resolver"))) {
            for (const Value &server : itemsOf(*resolver, "nameservers"))
                text.append(text.empty() ? "" : ",").append(textOf(server, "addr"));
            url.parameters["resolver"] = text;
        }
        text.clear();
        if (const Value *hosts = named("hosts", textOf(object, "hosts"))) {
            for (const Value &mapping : itemsOf(*hosts, "mappings"))
                text.append(text.empty() ? "" : ",").append(textOf(mapping, "hostname") + ":" + textOf(mapping, "ip"));
            url.parameters["hosts"] = text;
        }
    }

    /// sockopts and interface are metadata by older names.
    static void addSocketOptions(const Value &object, std::string_view scope, Url &url)
    {
        const Value *sockopts = object.find("sockopts");
        const Value *mark = sockopts != nullptr ? sockopts->find("mark") : nullptr;
        const std::string prefix = std::string(scope) + ".";
        if (mark != nullptr && mark->integer() != nullptr && *mark->integer() != 0)
            url.parameters.emplace(prefix + "so_mark", std::to_string(*mark->integer()));
        if (const std::string interface = textOf(object, "interface"); !interface.empty())
            url.parameters.emplace(prefix + "interface", interface);
    }

    /// What the parser lifts out of "x" is written as "x", because "scope.x" stays a text there.
    static void unscope(Url &url, std::string_view scope)
    {
        for (const std::string_view key : {"so_mark", "interface", "proxyProtocol", "netns", "netns.out"}) {
            const auto found = url.parameters.find(std::string(scope) + "." + std::string(key));
            if (found == url.parameters.end())
                continue;
            url.parameters[std::string(key)] = found->second;
            url.parameters.erase(found);
        }
    }

    Result<std::string> serviceUrl(const Value &service, const std::string &path) const
    {
        static const Value none{Value::Map{}};
        const Value *found = service.find("handler");
        const Value &handler = found != nullptr ? *found : none;
        found = service.find("listener");
        const Value &listener = found != nullptr ? *found : none;
        const std::string outer = textOf(handler, "type").empty() ? "auto" : textOf(handler, "type");
        const std::string inner = textOf(listener, "type").empty() ? "tcp" : textOf(listener, "type");

        Url url;
        if (auto added = url.addMetadata(handler, "handler", path + ".handler"); !added)
            return added.error();
        if (auto added = url.addMetadata(listener, "listener", path + ".listener"); !added)
            return added.error();
        if (auto added = url.addMetadata(service, "service", path); !added)
            return added.error();
        static constexpr std::string_view scopes[] = {"handler", "listener", "service"};
        url.shareAcross(scopes);
        addSocketOptions(service, "service", url);
        unscope(url, "service");
        addLists(service, url);
        addTls(listener, url, {});
        if (const Value *retries = handler.find("retries"); retries != nullptr && retries->integer() != nullptr)
            url.parameters["handler.retries"] = std::to_string(*retries->integer());

        std::string targets;
        if (const Value *forwarder = service.find("forwarder")) {
            for (const Value &node : itemsOf(*forwarder, "nodes"))
                targets.append(targets.empty() ? "/" : ",").append(textOf(node, "addr"));
            addSelector(*forwarder, url);
        }
        const bool isSsh = inner == "ssh" || inner == "sshd";
        return schemeOf(outer, inner, Layer::Listener) + "://" + userInfo((isSsh ? listener : handler).find("auth")) +
               textOf(service, "addr") + targets + url.query();
    }

    Result<std::string> hopUrl(const Value &hop, const std::string &path) const
    {
        const Value::List &nodes = itemsOf(hop, "nodes");
        if (nodes.empty())
            return Error{ErrorCode::Unsupported, path + ": the hop has no nodes of its own"};
        const Value &node = nodes.front();
        static const Value none{Value::Map{}};
        const Value *found = node.find("connector");
        const Value &connector = found != nullptr ? *found : none;
        found = node.find("dialer");
        const Value &dialer = found != nullptr ? *found : none;
        const std::string outer = textOf(connector, "type").empty() ? "http" : textOf(connector, "type");
        const std::string inner = textOf(dialer, "type").empty() ? "tcp" : textOf(dialer, "type");

        Url url;
        const std::string nodePath = path + ".nodes[0]";
        if (auto added = url.addMetadata(connector, "connector", nodePath + ".connector"); !added)
            return added.error();
        if (auto added = url.addMetadata(dialer, "dialer", nodePath + ".dialer"); !added)
            return added.error();
        if (auto added = url.addMetadata(node, "node", nodePath); !added)
            return added.error();
        if (auto added = url.addMetadata(hop, "hop", path); !added)
            return added.error();
        static constexpr std::string_view scopes[] = {"connector", "dialer", "hop", "node"};
        url.shareAcross(scopes);
        addSocketOptions(node, "node", url);
        addSocketOptions(hop, "hop", url);
        unscope(url, "hop");
        addLists(hop, url);
        addSelector(hop, url);
        std::string hosts;
        for (const Value &each : nodes)
            hosts.append(hosts.empty() ? "" : ",").append(encode(textOf(each, "addr"), "-_.~:[]"));
        addTls(dialer, url, hostNameOf(textOf(node, "addr")));
        const bool isSsh = inner == "ssh" || inner == "sshd";
        return schemeOf(outer, inner, Layer::Dialer) + "://" + userInfo((isSsh ? dialer : connector).find("auth")) +
               hosts + url.query();
    }

    /// Reads the URLs back and compares: only what GOST would understand the same way may be printed. Empty when it is
    /// the same, else the path of the first difference.
    [[nodiscard]] std::string firstDifference(const std::vector<std::string> &services,
                                              const std::vector<std::string> &nodes) const
    {
        Issues issues;
        const Document again = parseUrls(services, nodes, issues);
        if (hasErrors(issues))
            return issues.front().text;
        return difference(normalized(m_root), normalized(again.root), {});
    }

    /// Without what the command line cannot keep but does not change the meaning either.
    static Value normalized(Value root)
    {
        spellOutMetadata(root);
        moveSocketOptions(root);
        std::map<std::string, std::string> names;
        rename(root, names);
        applyNames(root, names);
        dropUnusedTls(root);
        dropCopiesOfTls(root);
        return root;
    }

    static void moveSocketOptions(Value &value)
    {
        if (Value::List *items = value.list()) {
            for (Value &item : *items)
                moveSocketOptions(item);
            return;
        }
        if (value.map() == nullptr)
            return;
        for (Entry &entry : *value.map())
            moveSocketOptions(entry.value);
        Url options;
        addSocketOptions(value, "x", options);
        value.remove("sockopts");
        if (options.parameters.contains("x.interface"))
            value.remove("interface");
        if (options.parameters.empty())
            return;
        Value metadata = value.find("metadata") != nullptr ? *value.find("metadata") : Value(Value::Map{});
        for (const auto &[key, text] : options.parameters) {
            if (metadata.find(key.substr(2)) == nullptr)
                metadata.set(key.substr(2), Value(text));
        }
        value.set("metadata", std::move(metadata));
    }

    /// service-0, chain-0 … in the order in which the command line numbers them.
    static void rename(Value &root, std::map<std::string, std::string> &names)
    {
        static constexpr std::pair<std::string_view, std::string_view> lists[] = {
            {"services", "service"},     {"chains", "chain"},       {"bypasses", "bypass"},
            {"admissions", "admission"}, {"resolvers", "resolver"}, {"hosts", "hosts"}};
        for (const auto &[list, stem] : lists) {
            std::size_t index = 0;
            Value *objects = root.find(list);
            for (Value &object : objects != nullptr && objects->list() != nullptr ? *objects->list() : noItems()) {
                std::string fresh = std::string(stem) + "-" + std::to_string(index++);
                names[std::string(stem) + " " + textOf(object, "name")] = fresh;
                object.set("name", Value(std::move(fresh)));
            }
        }
        Value *chains = root.find("chains");
        for (Value &chain : chains != nullptr && chains->list() != nullptr ? *chains->list() : noItems()) {
            std::size_t hopIndex = 0;
            Value *hops = chain.find("hops");
            for (Value &hop : hops != nullptr && hops->list() != nullptr ? *hops->list() : noItems()) {
                hop.set("name", Value("hop-" + std::to_string(hopIndex++)));
                std::size_t nodeIndex = 0;
                Value *nodes = hop.find("nodes");
                for (Value &node : nodes != nullptr && nodes->list() != nullptr ? *nodes->list() : noItems())
                    node.set("name", Value("node-" + std::to_string(nodeIndex++)));
            }
        }
    }

    static Value::List &noItems()
    {
        static Value::List none;
        none.clear();
        return none;
    }

    static void applyNames(Value &value, const std::map<std::string, std::string> &names)
    {
        if (Value::List *items = value.list()) {
            for (Value &item : *items)
                applyNames(item, names);
        } else if (Value::Map *entries = value.map()) {
            for (Entry &entry : *entries) {
                if (entry.key == "metadata")
                    continue;
                if (entry.value.text() != nullptr) {
                    if (const auto found = names.find(entry.key + " " + *entry.value.text()); found != names.end())
                        entry.value.data = found->second;
                } else {
                    applyNames(entry.value, names);
                }
            }
        }
    }

    /// -F names the host for TLS also where TLS is not used.
    static void dropUnusedTls(Value &value)
    {
        if (Value::List *items = value.list()) {
            for (Value &item : *items)
                dropUnusedTls(item);
        } else if (Value::Map *entries = value.map()) {
            for (Entry &entry : *entries) {
                if (entry.key == "dialer" && entry.value.map() != nullptr && textOf(entry.value, "type") == "tcp")
                    entry.value.remove("tls");
                else
                    dropUnusedTls(entry.value);
            }
        }
    }

    /// GOST leaves copies of what it reads for TLS in the hop's metadata, where nobody looks.
    static void dropCopiesOfTls(Value &root)
    {
        Value *chains = root.find("chains");
        for (Value &chain : chains != nullptr && chains->list() != nullptr ? *chains->list() : noItems()) {
            Value *hops = chain.find("hops");
            for (Value &hop : hops != nullptr && hops->list() != nullptr ? *hops->list() : noItems()) {
                Value *metadata = hop.find("metadata");
                if (metadata == nullptr || metadata->map() == nullptr)
                    continue;
                for (const std::string_view key :
                     {"tls.certFile", "tls.keyFile", "tls.caFile", "tls.secure", "tls.servername"})
                    metadata->remove(key);
            }
        }
    }

    static std::string difference(const Value &left, const Value &right, const std::string &path)
    {
        const std::string said = path + ": a URL cannot say this";
        if (left.list() != nullptr && right.list() != nullptr) {
            if (left.list()->size() != right.list()->size())
                return said;
            for (std::size_t index = 0; index < left.list()->size(); ++index) {
                if (auto found = difference((*left.list())[index], (*right.list())[index], itemPath(path, index));
                    !found.empty())
                    return found;
            }
            return {};
        }
        if (left.map() != nullptr && right.map() != nullptr) {
            for (const Entry &entry : *left.map()) {
                const Value *other = right.find(entry.key);
                const std::string where = childPath(path, entry.key);
                if (other == nullptr) {
                    if (!isEmpty(entry.value))
                        return where + ": a URL cannot say this";
                } else if (auto found = difference(entry.value, *other, where); !found.empty()) {
                    return found;
                }
            }
            for (const Entry &entry : *right.map()) {
                if (left.find(entry.key) == nullptr && !isEmpty(entry.value))
                    return childPath(path, entry.key) + ": a URL would add this";
            }
            return {};
        }
        return left == right ? std::string() : said;
    }

    static bool isEmpty(const Value &value)
    {
        return value.isNull() || (value.list() != nullptr && value.list()->empty()) ||
               (value.map() != nullptr && value.map()->empty()) || (value.boolean() != nullptr && !*value.boolean()) ||
               (value.text() != nullptr && value.text()->empty());
    }

    const Value &m_root;
};

} // namespace

Result<std::string> writeCommandLine(const Document &document)
{
    return Writer(document).write();
}

} // namespace sluice::config
