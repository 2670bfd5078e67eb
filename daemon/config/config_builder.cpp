// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/config/config_builder.h"

#include <algorithm>
#include <limits>

namespace sluice::config {

namespace {

const Value::Map noEntries;
const Value::List noItems;

std::string textOf(const Value &object, std::string_view key, std::string fallback = {})
{
    const Value *value = object.find(key);
    return value != nullptr && value->text() != nullptr ? *value->text() : std::move(fallback);
}

bool booleanOf(const Value &object, std::string_view key)
{
    const Value *value = object.find(key);
    return value != nullptr && value->boolean() != nullptr && *value->boolean();
}

std::int64_t integerOf(const Value &object, std::string_view key, std::int64_t fallback = 0)
{
    const Value *value = object.find(key);
    return value != nullptr && value->integer() != nullptr ? *value->integer() : fallback;
}

int smallIntegerOf(const Value &object, std::string_view key, int fallback = 0)
{
    constexpr std::int64_t limit = std::numeric_limits<int>::max();
    return static_cast<int>(std::clamp(integerOf(object, key, fallback), -limit, limit));
}

Duration durationOf(const Value &object, std::string_view key)
{
    return Duration{integerOf(object, key)};
}

const Value::List &itemsOf(const Value &object, std::string_view key)
{
    const Value *value = object.find(key);
    return value != nullptr && value->list() != nullptr ? *value->list() : noItems;
}

std::vector<std::string> textsOf(const Value &object, std::string_view key)
{
    std::vector<std::string> texts;
    for (const Value &item : itemsOf(object, key)) {
        if (item.text() != nullptr)
            texts.push_back(*item.text());
    }
    return texts;
}

/// "bypass: a" and "bypasses: [b, c]" are one list.
NameList namesOf(const Value &object, std::string_view one, std::string_view several)
{
    NameList names;
    if (std::string name = textOf(object, one); !name.empty())
        names.push_back(std::move(name));
    for (std::string &name : textsOf(object, several))
        names.push_back(std::move(name));
    return names;
}

MetadataValue metadataValue(const Value &value)
{
    if (const bool *boolean = value.boolean())
        return {*boolean};
    if (const std::int64_t *integer = value.integer())
        return {*integer};
    if (const double *number = value.number())
        return {*number};
    if (const std::string *text = value.text())
        return {*text};
    if (const Value::List *items = value.list()) {
        MetadataValue::List list;
        for (const Value &item : *items)
            list.push_back(metadataValue(item));
        return {std::move(list)};
    }
    if (const Value::Map *entries = value.map()) {
        MetadataValue::Map map;
        for (const Entry &entry : *entries)
            map.insert_or_assign(lowerCase(entry.key), metadataValue(entry.value));
        return {std::move(map)};
    }
    return {};
}

Metadata metadataOf(const Value &object)
{
    Metadata metadata;
    const Value *value = object.find("metadata");
    for (const Entry &entry : value != nullptr && value->map() != nullptr ? *value->map() : noEntries)
        metadata.set(entry.key, metadataValue(entry.value));
    return metadata;
}

std::optional<AuthConfig> authOf(const Value &object)
{
    const Value *value = object.find("auth");
    if (value == nullptr)
        return std::nullopt;
    return AuthConfig{textOf(*value, "username"), textOf(*value, "password"), textOf(*value, "file")};
}

std::optional<TlsConfig> tlsOf(const Value &object)
{
    const Value *value = object.find("tls");
    if (value == nullptr)
        return std::nullopt;
    TlsConfig tls;
    tls.certFile = textOf(*value, "certFile");
    tls.keyFile = textOf(*value, "keyFile");
    tls.caFile = textOf(*value, "caFile");
    tls.secure = booleanOf(*value, "secure");
    tls.serverName = textOf(*value, "serverName");
    if (const Value *options = value->find("options")) {
        tls.options = {textOf(*options, "minVersion"), textOf(*options, "maxVersion"),
                       textsOf(*options, "cipherSuites"), textsOf(*options, "alpn")};
    }
    if (value->find("validity") != nullptr)
        tls.validity = durationOf(*value, "validity");
    tls.commonName = textOf(*value, "commonName");
    tls.organization = textOf(*value, "organization");
    tls.rejectUnknownSni = booleanOf(*value, "rejectUnknownSNI");
    tls.serverNames = textsOf(*value, "serverNames");
    return tls;
}

std::optional<SelectorConfig> selectorOf(const Value &object)
{
    const Value *value = object.find("selector");
    if (value == nullptr)
        return std::nullopt;
    SelectorConfig selector;
    if (std::string strategy = textOf(*value, "strategy"); !strategy.empty())
        selector.strategy = std::move(strategy);
    if (const int fails = smallIntegerOf(*value, "maxFails"); fails > 0)
        selector.maxFails = fails;
    if (const Duration timeout = durationOf(*value, "failTimeout"); timeout > Duration::zero())
        selector.failTimeout = timeout;
    selector.maxLatency = durationOf(*value, "maxLatency");
    return selector;
}

std::optional<ChainGroupConfig> chainGroupOf(const Value &object)
{
    const Value *value = object.find("chainGroup");
    if (value == nullptr)
        return std::nullopt;
    ChainGroupConfig group;
    for (const Value &item : itemsOf(*value, "chains")) {
        const Value *matcher = item.find("matcher");
        group.chains.push_back({textOf(item, "chain"), matcher != nullptr ? textOf(*matcher, "rule") : std::string()});
    }
    group.selector = selectorOf(*value);
    return group;
}

std::optional<FileLoaderConfig> fileOf(const Value &object)
{
    const Value *value = object.find("file");
    if (value == nullptr)
        return std::nullopt;
    return FileLoaderConfig{textOf(*value, "path"), durationOf(object, "reload")};
}

/// What a node takes from its hop.
struct SocketDefaults
{
    std::optional<std::uint32_t> mark;
    std::string interface;
    std::string netns;
};

class Builder
{
public:
    Builder(const Document &document, Issues &issues)
        : m_document(document)
        , m_issues(issues)
    {
    }

    Config build()
    {
        const Value &root = m_document.root;
        Config config;
        each("services",
             [&](const Value &value, std::string path) { config.services.push_back(service(value, std::move(path))); });
        each("chains",
             [&](const Value &value, std::string path) { config.chains.push_back(chain(value, std::move(path))); });
        each("bypasses", [&](const Value &value, std::string path) {
            config.bypasses.push_back({textOf(value, "name"), isWhitelist(value), textOf(value, "network"),
                                       textsOf(value, "matchers"), fileOf(value), std::move(path)});
        });
        each("admissions", [&](const Value &value, std::string path) {
            config.admissions.push_back({textOf(value, "name"), isWhitelist(value), textsOf(value, "matchers"),
                                         fileOf(value), std::move(path)});
        });
        each("hosts", [&](const Value &value, std::string path) {
            HostsConfig hosts{textOf(value, "name"), {}, fileOf(value), std::move(path)};
            for (const Value &item : itemsOf(value, "mappings"))
                hosts.mappings.push_back({textOf(item, "ip"), textOf(item, "hostname"), textsOf(item, "aliases")});
            config.hosts.push_back(std::move(hosts));
        });
        each("resolvers", [&](const Value &value, std::string path) {
            ResolverConfig resolver{textOf(value, "name"), {}, std::move(path)};
            for (const Value &item : itemsOf(value, "nameservers")) {
                resolver.nameservers.push_back({textOf(item, "addr"), textOf(item, "chain"), textOf(item, "prefer"),
                                                textOf(item, "only"), textOf(item, "clientIP"),
                                                textOf(item, "hostname"), durationOf(item, "ttl"),
                                                durationOf(item, "timeout"), booleanOf(item, "async")});
            }
            config.resolvers.push_back(std::move(resolver));
        });
        each("authers", [&](const Value &value, std::string path) {
            AutherConfig auther{textOf(value, "name"), {}, fileOf(value), std::move(path)};
            for (const Value &item : itemsOf(value, "auths"))
                auther.auths.push_back({textOf(item, "username"), textOf(item, "password"), textOf(item, "file")});
            config.authers.push_back(std::move(auther));
        });
        if (const Value *log = root.find("log")) {
            config.log.output = textOf(*log, "output", config.log.output);
            config.log.level = textOf(*log, "level", config.log.level);
            config.log.format = textOf(*log, "format", config.log.format);
        }
        return config;
    }

private:
    template <typename Use>
    void each(std::string_view key, Use use)
    {
        std::size_t index = 0;
        for (const Value &value : itemsOf(m_document.root, key))
            use(value, itemPath(key, index++));
    }

    /// A chain of "-F direct://" only: its services connect directly because they were told to.
    static void useNoChain(std::vector<ServiceConfig> &services, const std::string &chain)
    {
        for (ServiceConfig &service : services) {
            if (service.handler.chain == chain)
                service.handler.chain.clear();
            if (service.listener.chain == chain)
                service.listener.chain.clear();
        }
    }

    void error(const Value &value, std::string path, std::string text, std::string id)
    {
        m_issues.push_back(
            m_document.issueAt(value.position, Severity::Error, std::move(path), std::move(text), std::move(id)));
    }

    static bool isWhitelist(const Value &value) { return booleanOf(value, "whitelist") || booleanOf(value, "reverse"); }

    /// A mark of 0 is no mark.
    std::optional<std::uint32_t> usableMark(const Value &place, const std::string &path,
                                            std::optional<std::int64_t> number)
    {
        constexpr std::int64_t largest = std::numeric_limits<std::uint32_t>::max();
        if (!number || *number < 0 || *number > largest) {
            error(place, path, "a packet mark is a number from 1 to 0xffffffff", "bad-mark");
            return std::nullopt;
        }
        return *number == 0 ? std::nullopt : std::optional(static_cast<std::uint32_t>(*number));
    }

    /// metadata.so_mark, else sockopts.mark when that is not 0, else `inherited`. A node's so_mark of 0 counts ("no
    /// mark, whatever the hop says"), that of a service or hop does not.
    std::optional<std::uint32_t> markOf(const Value &object, const Metadata &metadata, const std::string &path,
                                        bool isNode = false, std::optional<std::uint32_t> inherited = {})
    {
        if (metadata.contains("so_mark") && (isNode || metadata.integer({"so_mark"}) != 0)) {
            const Value &place = *object.find("metadata")->find("so_mark");
            return usableMark(place, path + ".metadata.so_mark", metadata.integer({"so_mark"}));
        }
        const Value *sockopts = object.find("sockopts");
        const Value *mark = sockopts != nullptr ? sockopts->find("mark") : nullptr;
        if (mark != nullptr && mark->integer() != nullptr && *mark->integer() != 0)
            return usableMark(*mark, path + ".sockopts.mark", *mark->integer());
        return inherited;
    }

    /// metadata's key when it is there, else the deprecated field, else `inherited`.
    static std::string socketText(const Value &object, const Metadata &metadata, std::string_view key,
                                  const std::string &inherited = {})
    {
        if (metadata.contains(key))
            return metadata.string({key}).value_or(std::string());
        const std::string field = textOf(object, key);
        return field.empty() ? inherited : field;
    }

    LayerConfig layer(const Value &node, std::string_view key, std::string_view defaultType)
    {
        LayerConfig layer;
        layer.type = defaultType;
        const Value *value = node.find(key);
        if (value == nullptr)
            return layer;
        if (std::string type = textOf(*value, "type"); !type.empty())
            layer.type = std::move(type);
        layer.auth = authOf(*value);
        layer.tls = tlsOf(*value);
        layer.metadata = metadataOf(*value);
        return layer;
    }

    NodeConfig node(const Value &value, const HopConfig &hop, const SocketDefaults &defaults, std::string path)
    {
        NodeConfig node;
        node.name = textOf(value, "name");
        node.addr = textOf(value, "addr");
        node.network = textOf(value, "network");
        node.bypasses = namesOf(value, "bypass", "bypasses");
        node.resolver = textOf(value, "resolver", hop.resolver);
        node.hosts = textOf(value, "hosts", hop.hosts);
        node.connector = layer(value, "connector", "http");
        node.dialer = layer(value, "dialer", "tcp");
        node.metadata = metadataOf(value);
        node.mark = markOf(value, node.metadata, path, true, defaults.mark);
        node.interface = socketText(value, node.metadata, "interface", defaults.interface);
        node.netns = socketText(value, node.metadata, "netns", defaults.netns);
        if (const Value *filter = value.find("filter"))
            node.filter = {textOf(*filter, "host"), textOf(*filter, "protocol"), textOf(*filter, "path")};
        if (const Value *matcher = value.find("matcher"))
            node.matcher = {textOf(*matcher, "rule"), smallIntegerOf(*matcher, "priority")};
        node.path = std::move(path);
        return node;
    }

    HopConfig hop(const Value &value, std::string path)
    {
        HopConfig hop;
        hop.name = textOf(value, "name");
        hop.selector = selectorOf(value);
        hop.bypasses = namesOf(value, "bypass", "bypasses");
        hop.resolver = textOf(value, "resolver");
        hop.hosts = textOf(value, "hosts");
        hop.metadata = metadataOf(value);
        hop.mark = markOf(value, hop.metadata, path);
        hop.interface = socketText(value, hop.metadata, "interface");
        const SocketDefaults defaults{hop.mark, hop.interface, hop.metadata.string({"netns"}).value_or("")};
        std::size_t index = 0;
        for (const Value &item : itemsOf(value, "nodes")) {
            hop.nodes.push_back(node(item, hop, defaults, itemPath(path + ".nodes", index)));
            ++index;
        }
        hop.path = std::move(path);
        return hop;
    }

    [[nodiscard]] bool isFromUrl(const Value &value) const
    {
        const int file = value.position.file;
        return file >= 0 && m_document.files[static_cast<std::size_t>(file)] == "-F";
    }

    /// The top-level hop of that name, and where it stands.
    std::pair<const Value *, std::size_t> findHop(const std::string &name) const
    {
        std::size_t index = 0;
        for (const Value &value : itemsOf(m_document.root, "hops")) {
            if (textOf(value, "name") == name)
                return {&value, index};
            ++index;
        }
        return {nullptr, 0};
    }

    ChainConfig chain(const Value &value, std::string path)
    {
        ChainConfig chain;
        chain.name = textOf(value, "name");
        chain.metadata = metadataOf(value);
        std::size_t index = 0;
        for (const Value &item : itemsOf(value, "hops")) {
            std::string where = itemPath(path + ".hops", index++);
            const bool isInline = !itemsOf(item, "nodes").empty() || item.find("plugin") != nullptr;
            const auto [named, at] = isInline ? std::pair(&item, std::size_t{0}) : findHop(textOf(item, "name"));
            if (isInline) {
                chain.hops.push_back(hop(item, std::move(where)));
            } else if (named != nullptr) {
                chain.hops.push_back(hop(*named, itemPath("hops", at)));
            } else if (!isFromUrl(item)) { // "-F direct://" is no hop on purpose
                error(item, std::move(where),
                      "there is no hop \"" + textOf(item, "name") +
                          "\" under \"hops\", and no nodes here (GOST would leave it out and connect directly)",
                      "missing-hop");
            }
        }
        chain.path = std::move(path);
        return chain;
    }

    HandlerConfig handler(const Value &value)
    {
        HandlerConfig handler;
        if (std::string type = textOf(value, "type"); !type.empty())
            handler.type = std::move(type);
        handler.retries = smallIntegerOf(value, "retries");
        handler.chain = textOf(value, "chain");
        handler.chainGroup = chainGroupOf(value);
        handler.authers = namesOf(value, "auther", "authers");
        handler.auth = authOf(value);
        handler.tls = tlsOf(value);
        handler.limiter = textOf(value, "limiter");
        handler.observer = textOf(value, "observer");
        handler.metadata = metadataOf(value);
        return handler;
    }

    ListenerConfig listener(const Value &value)
    {
        ListenerConfig listener;
        if (std::string type = textOf(value, "type"); !type.empty())
            listener.type = std::move(type);
        listener.chain = textOf(value, "chain");
        listener.chainGroup = chainGroupOf(value);
        listener.authers = namesOf(value, "auther", "authers");
        listener.auth = authOf(value);
        listener.tls = tlsOf(value);
        listener.metadata = metadataOf(value);
        return listener;
    }

    ForwarderConfig forwarder(const Value &value)
    {
        ForwarderConfig forwarder;
        for (const Value &item : itemsOf(value, "nodes")) {
            forwarder.nodes.push_back({textOf(item, "name"), textOf(item, "addr"), textOf(item, "network"),
                                       namesOf(item, "bypass", "bypasses")});
        }
        forwarder.selector = selectorOf(value);
        return forwarder;
    }

    ServiceConfig service(const Value &value, std::string path)
    {
        ServiceConfig service;
        service.name = textOf(value, "name");
        service.addr = textOf(value, "addr");
        service.metadata = metadataOf(value);
        service.mark = markOf(value, service.metadata, path);
        service.interface = socketText(value, service.metadata, "interface");
        service.netns = service.metadata.string({"netns"}).value_or("");
        service.netnsOut = service.metadata.string({"netns.out"}).value_or("");
        service.dialTimeout = service.metadata.duration({"dialTimeout"});
        service.admissions = namesOf(value, "admission", "admissions");
        service.bypasses = namesOf(value, "bypass", "bypasses");
        service.resolver = textOf(value, "resolver");
        service.hosts = textOf(value, "hosts");
        service.limiter = textOf(value, "limiter");
        service.climiter = textOf(value, "climiter");
        service.rlimiter = textOf(value, "rlimiter");
        service.observer = textOf(value, "observer");
        if (const Value *object = value.find("handler"))
            service.handler = handler(*object);
        if (const Value *object = value.find("listener"))
            service.listener = listener(*object);
        if (const Value *object = value.find("forwarder"))
            service.forwarder = forwarder(*object);
        service.path = std::move(path);
        return service;
    }

    const Document &m_document;
    Issues &m_issues;
};

} // namespace

Config buildConfig(const Document &document, Issues &issues)
{
    return Builder(document, issues).build();
}

} // namespace sluice::config
