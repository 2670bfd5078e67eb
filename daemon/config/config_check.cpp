// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/config/config_check.h"

#include "daemon/config/schema.h"
#include "helper/base/ip_address.h"

#include <algorithm>
#include <map>
#include <set>

namespace sluice::config {

namespace {

constexpr std::string_view handlers[] = {"auto",  "http",  "red",    "redir",   "redirect", "redu",
                                         "relay", "socks", "socks4", "socks4a", "socks5"};
constexpr std::string_view listeners[] = {"red", "redir", "redirect", "redu", "tcp", "tls"};
constexpr std::string_view connectors[] = {"direct", "forward", "http",    "relay",
                                           "socks",  "socks4",  "socks4a", "socks5"};
constexpr std::string_view dialers[] = {"direct", "tcp", "tls"};

bool contains(std::span<const std::string_view> words, std::string_view word)
{
    return std::find(words.begin(), words.end(), word) != words.end();
}

enum class KeyType { Boolean, Integer, Duration, Text };

/// A metadata key that GOST reads in services, hops, nodes or their layers.
struct MetadataKey
{
    std::string_view name; ///< as GOST's documents spell it
    KeyType type = KeyType::Text;
    Support support = Support::Honoured;
};

using enum KeyType;
using enum Support;

constexpr MetadataKey metadataKeys[] = {
    {"authBasicRealm"},
    {"backup", Boolean},
    {"bind", Boolean, Missing},
    {"connectTimeout", KeyType::Duration},
    {"dialTimeout", KeyType::Duration},
    {"disable4a", Boolean},
    {"dns", Text, Missing},
    {"enableStats", Boolean, Inert},
    {"failTimeout", KeyType::Duration},
    {"handshakeTimeout", KeyType::Duration},
    {"hash", Text, Missing},
    {"header"},
    {"http.proxyAgent"},
    {"ignoreChain", Boolean, Missing},
    {"interface"},
    {"keepalive", Boolean, Inert},
    {"knock", Text, Missing},
    {"labels", Text, Inert},
    {"limiter.conn.in", Text, Missing},
    {"limiter.conn.out", Text, Missing},
    {"limiter.in", Text, Missing},
    {"limiter.out", Text, Missing},
    {"maxFails", Integer},
    {"mitm.caCertFile", Text, Missing},
    {"mitm.certFile", Text, Missing},
    {"mptcp", Boolean, Inert},
    {"netns", Text, Missing},
    {"netns.out", Text, Missing},
    {"nodelay", Boolean},
    {"notls", Boolean},
    {"observer.period", KeyType::Duration, Inert},
    {"postDown", Text, Missing},
    {"postUp", Text, Missing},
    {"preDown", Text, Missing},
    {"preUp", Text, Missing},
    {"probeResist", Text, Missing},
    {"proxyAgent"},
    {"proxyProtocol", Integer, Missing},
    {"readBufferSize", Integer},
    {"readTimeout", KeyType::Duration},
    {"relay"},
    {"reuseport", Boolean, Inert},
    {"sniffing", Boolean},
    {"sniffing.dialOriginalDst", Boolean},
    {"sniffing.fallback", Boolean},
    {"sniffing.timeout", KeyType::Duration},
    {"sniffing.websocket", Boolean, Inert},
    {"so_mark"},
    {"timeout", KeyType::Duration},
    {"tproxy", Boolean},
    {"ttl", KeyType::Duration},
    {"udp", Boolean},
    {"udpBufferSize", Integer},
    {"weight", Integer},
};

bool isTransparent(std::string_view type)
{
    return type == "red" || type == "redir" || type == "redirect" || type == "redu";
}

std::string inQuotes(std::string_view text)
{
    return "\"" + std::string(text) + "\"";
}

/// The value that a path such as "services[0].handler.metadata.sniffing.timeout" names, or the nearest one above it.
const Value &valueAt(const Value &root, std::string_view path)
{
    const Value *value = &root;
    bool isMetadata = false; // its keys may hold dots
    while (!path.empty()) {
        const Value *next = nullptr;
        if (path.front() == '[') {
            const std::size_t end = std::min(path.find(']'), path.size() - 1);
            std::size_t index = 0;
            for (const char digit : path.substr(1, end - 1))
                index = index * 10 + static_cast<std::size_t>(digit - '0');
            if (value->list() != nullptr && index < value->list()->size())
                next = &(*value->list())[index];
            path.remove_prefix(end + 1);
        } else {
            const std::size_t end = isMetadata ? path.size() : std::min(path.find_first_of(".["), path.size());
            next = value->find(path.substr(0, end));
            isMetadata = path.substr(0, end) == "metadata";
            path.remove_prefix(end);
        }
        if (path.starts_with('.'))
            path.remove_prefix(1);
        if (next == nullptr)
            break;
        value = next;
    }
    return *value;
}

/// Can a bypass pattern match anything? An address, prefix, range, name or wildcard, mostly with a port.
bool canMatch(std::string_view pattern)
{
    if (pattern.empty() || pattern.find_first_of(" \t@?#\\^$()|") == 0 ||
        pattern.find("://") != std::string_view::npos || pattern.find_first_of(" \t\\^$()|") != std::string_view::npos)
        return false;
    if (pattern.find('/') != std::string_view::npos)
        return Cidr::parse(pattern).has_value();
    const HostPort parts = HostPort::split(pattern);
    if (parts.port.empty() || IpAddress::parse(pattern))
        return true;
    const std::size_t dash = parts.port.find('-');
    const auto port = [](std::string_view digits) {
        return HostPort{{}, std::string(digits)}.portNumber().value_or(0);
    };
    const int first = port(std::string_view(parts.port).substr(0, dash));
    const int last = dash == std::string::npos ? first : port(std::string_view(parts.port).substr(dash + 1));
    return first > 0 && first <= last;
}

class Checker
{
public:
    Checker(const Config &config, const Document &document)
        : m_config(config)
        , m_document(document)
    {
    }

    Issues check()
    {
        checkNames();
        for (const ServiceConfig &service : m_config.services)
            checkService(service);
        for (const ChainConfig &chain : m_config.chains)
            checkChain(chain);
        for (const BypassConfig &bypass : m_config.bypasses)
            checkBypass(bypass);
        for (const AdmissionConfig &admission : m_config.admissions)
            checkAdmission(admission);
        checkResolvers();
        checkSupport(m_document.root, documentSchema(), {});
        return std::move(m_issues);
    }

private:
    void report(Severity severity, const std::string &path, std::string text, std::string id)
    {
        const Value &place = valueAt(m_document.root, path);
        m_issues.push_back(m_document.issueAt(place.position, severity, path, std::move(text), std::move(id)));
    }

    void error(const std::string &path, std::string text, std::string id)
    {
        report(Severity::Error, path, std::move(text), std::move(id));
    }

    void warn(const std::string &path, std::string text, std::string id)
    {
        report(Severity::Warning, path, std::move(text), std::move(id));
    }

    // --- names and references --------------------------------------------------------------------------------------

    template <typename Objects>
    void collectNames(std::string_view kind, const Objects &objects)
    {
        std::set<std::string, std::less<>> &names = m_names[std::string(kind)];
        for (const auto &object : objects) {
            if (object.name.empty())
                warn(object.path, "this has no name, so nothing can refer to it", "missing-name");
            else if (!names.insert(object.name).second)
                error(object.path, "there are two of the name " + inQuotes(object.name), "duplicate-name");
        }
    }

    void checkNames()
    {
        collectNames("service", m_config.services);
        collectNames("chain", m_config.chains);
        collectNames("bypass", m_config.bypasses);
        collectNames("admission", m_config.admissions);
        collectNames("hosts", m_config.hosts);
        collectNames("resolver", m_config.resolvers);
        collectNames("auther", m_config.authers);
    }

    void checkReference(const std::string &path, const std::string &kind, const std::string &name,
                        std::string_view consequence)
    {
        if (name.empty() || m_names[kind].contains(name))
            return;
        std::string text = "there is no " + kind + " " + inQuotes(name);
        const std::vector<std::string_view> known(m_names[kind].begin(), m_names[kind].end());
        if (const std::string_view nearest = nearestWord(name, known); !nearest.empty())
            text += "; did you mean " + inQuotes(nearest) + "?";
        else
            text += " (GOST would " + std::string(consequence) + ")";
        error(path, std::move(text), "missing-" + kind);
    }

    void checkReferences(const std::string &path, const std::string &one, const std::string &several,
                         const NameList &names, std::string_view consequence)
    {
        for (const std::string &name : names) {
            const Value *single = valueAt(m_document.root, path).find(one);
            const bool isSingle = single != nullptr && single->text() != nullptr && *single->text() == name;
            checkReference(childPath(path, isSingle ? one : several), one, name, consequence);
        }
    }

    void checkChains(const std::string &path, const std::string &chain, const std::optional<ChainGroupConfig> &group)
    {
        constexpr std::string_view leak = "connect directly";
        checkReference(path + ".chain", "chain", chain, leak);
        for (std::size_t index = 0; group && index < group->chains.size(); ++index)
            checkReference(itemPath(path + ".chainGroup.chains", index), "chain", group->chains[index].name, leak);
    }

    // --- types -----------------------------------------------------------------------------------------------------

    /// False when the type cannot be run.
    bool checkType(Layer layer, const std::string &path, const std::string &type)
    {
        if (contains(runnableNames(layer), type))
            return true;
        const std::string kind(nameOf(layer));
        if (isKnownToGost(layer, type)) {
            error(path + ".type", "GOST has the " + kind + " " + inQuotes(type) + ", Sluice does not yet",
                  "unsupported-type");
            return false;
        }
        std::string text = "there is no " + kind + " " + inQuotes(type);
        if (const std::string_view nearest = nearestWord(type, runnableNames(layer)); !nearest.empty())
            text += "; did you mean " + inQuotes(nearest) + "?";
        error(path + ".type", std::move(text), "unknown-type");
        return false;
    }

    // --- metadata --------------------------------------------------------------------------------------------------

    /// `reported`: keys that were spoken of already; a URL copies each of its keys to several places.
    void checkMetadata(const std::string &path, const Metadata &metadata, std::set<std::string> &reported)
    {
        for (const auto &entry : metadata.values()) {
            const std::string &key = entry.first;
            const auto *known =
                std::find_if(std::begin(metadataKeys), std::end(metadataKeys),
                             [&key](const MetadataKey &each) { return equalIgnoringCase(each.name, key); });
            const std::string where = path + ".metadata." + key;
            if (known == std::end(metadataKeys)) {
                std::vector<std::string_view> names;
                for (const MetadataKey &each : metadataKeys)
                    names.push_back(each.name);
                const std::string_view nearest = key.size() > 4 ? nearestWord(key, names) : std::string_view();
                if (!nearest.empty() && reported.insert(key).second)
                    warn(where, inQuotes(key) + " does nothing; did you mean " + inQuotes(nearest) + "?",
                         "unknown-key");
            } else if (known->support != Honoured) {
                if (reported.insert(key).second) {
                    report(known->support == Missing ? Severity::Warning : Severity::Note, where,
                           "GOST has this, Sluice does not act on it yet", "unsupported-key");
                }
            } else if (!isReadable(metadata, *known) && reported.insert(key).second) {
                warn(where, unreadableText(*known), "bad-value");
            }
        }
    }

    static bool isReadable(const Metadata &metadata, const MetadataKey &key)
    {
        switch (key.type) {
        case Boolean: return metadata.boolean({key.name}).has_value();
        case Integer: return metadata.integer({key.name}).has_value();
        case KeyType::Duration: {
            const auto duration = metadata.duration({key.name});
            return duration && *duration >= sluice::Duration::zero();
        }
        case Text: return true;
        }
        return true;
    }

    static std::string unreadableText(const MetadataKey &key)
    {
        switch (key.type) {
        case Boolean: return "this is neither true nor false, and so counts as false; YAML's yes and on are words";
        case Integer: return "this is not an integer, and so does not count";
        case KeyType::Duration: return "this is not a duration such as 5s or 1m30s, and so does not count";
        case Text: break;
        }
        return {};
    }

    // --- services --------------------------------------------------------------------------------------------------

    void checkService(const ServiceConfig &service)
    {
        const std::string &path = service.path;
        const bool isRunnable = checkType(Layer::Handler, path + ".handler", service.handler.type) &&
                                checkType(Layer::Listener, path + ".listener", service.listener.type);
        if (isRunnable) {
            checkListenAddress(service);
            checkPair(service);
        }
        checkChains(path + ".handler", service.handler.chain, service.handler.chainGroup);
        checkChains(path + ".listener", service.listener.chain, service.listener.chainGroup);
        checkReferences(path, "bypass", "bypasses", service.bypasses, "let everything through");
        checkReferences(path, "admission", "admissions", service.admissions, "admit everybody");
        checkReferences(path + ".handler", "auther", "authers", service.handler.authers, "ask nobody for a password");
        checkReference(path + ".resolver", "resolver", service.resolver, "ask the system's resolver");
        checkReference(path + ".hosts", "hosts", service.hosts, "do without");
        if (service.forwarder && isRunnable) {
            error(path + ".forwarder",
                  "Sluice does not forward to fixed targets yet, and must not let clients choose theirs instead",
                  "unsupported-forwarder");
        }
        std::set<std::string> reported;
        checkMetadata(path + ".handler", service.handler.metadata, reported);
        checkMetadata(path + ".listener", service.listener.metadata, reported);
        checkMetadata(path, service.metadata, reported);
        checkLoop(service);
        checkUdpChain(service);
    }

    void checkListenAddress(const ServiceConfig &service)
    {
        const HostPort parts = HostPort::split(service.addr);
        const std::string path = service.path + ".addr";
        if (service.addr.empty())
            error(service.path, "there is no addr to listen on, for example \":12345\"", "missing-address");
        else if (parts.port.empty() && HostPort{{}, parts.host}.portNumber())
            error(path, "this is a host without a port; did you mean " + inQuotes(":" + parts.host) + "?", "bad-port");
        else if (!parts.portNumber())
            error(path, "the port must be a number from 0 to 65535", "bad-port");
    }

    void checkPair(const ServiceConfig &service)
    {
        const bool handlesUdp = service.handler.type == "redu";
        const bool listensUdp = service.listener.type == "redu";
        if (handlesUdp != listensUdp) {
            error(service.path, "redu stands for UDP: handler and listener must both be redu or neither",
                  "type-mismatch");
            return;
        }
        if (handlesUdp)
            warn(service.path, "sluiced does not take UDP (redu) yet; it will refuse to start with this service", "udp-not-yet");
        if (isTransparent(service.handler.type) != isTransparent(service.listener.type)) {
            warn(service.path,
                 "handler " + inQuotes(service.handler.type) + " and listener " + inQuotes(service.listener.type) +
                     " do not belong together",
                 "type-mismatch");
        }
        const bool isTcp = isTransparent(service.handler.type) && !handlesUdp;
        const auto isOn = [](const Metadata &metadata) { return metadata.boolean({"tproxy"}).value_or(false); };
        if (isTcp && isOn(service.handler.metadata) != isOn(service.listener.metadata)) {
            warn(service.path,
                 "tproxy is set for the handler or the listener only; it is taken for both (GOST needs both)",
                 "tproxy-mismatch");
        }
    }

    /// A node that is the service itself: each connection would make the next.
    void checkLoop(const ServiceConfig &service)
    {
        const auto own = HostPort::split(service.addr);
        const auto ownPort = own.portNumber();
        if (service.handler.type == "redu" || !ownPort || *ownPort == 0)
            return;
        const auto ownAddress = IpAddress::parse(own.host);
        const bool listensEverywhere = own.host.empty() || (ownAddress && ownAddress->isUnspecified());
        for (const ChainConfig &chain : m_config.chains) {
            if (chain.name != service.handler.chain || chain.hops.empty())
                continue;
            for (const NodeConfig &node : chain.hops.front().nodes) {
                const auto parts = HostPort::split(node.addr);
                if (parts.portNumber() != ownPort)
                    continue;
                const auto address = IpAddress::parse(parts.host);
                const bool isLocal = parts.host.empty() || equalIgnoringCase(parts.host, "localhost") ||
                                     (address && (address->isLoopback() || address->isUnspecified()));
                if (parts.host == own.host || (listensEverywhere && isLocal)) {
                    error(node.path + ".addr",
                          "this node is service " + inQuotes(service.name) +
                              " itself, which uses the node: connections would go round for ever",
                          "node-loop");
                }
            }
        }
    }

    void checkUdpChain(const ServiceConfig &service)
    {
        if (service.handler.type != "redu")
            return;
        static constexpr std::string_view tcpOnly[] = {"http", "socks4", "socks4a", "forward"};
        for (const ChainConfig &chain : m_config.chains) {
            if (chain.name != service.handler.chain || chain.hops.empty())
                continue;
            for (const NodeConfig &node : chain.hops.back().nodes) {
                if (contains(tcpOnly, node.connector.type)) {
                    warn(node.path + ".connector",
                         "service " + inQuotes(service.name) + " sends UDP here, which " +
                             inQuotes(node.connector.type) + " cannot carry; its datagrams will be refused",
                         "udp-unsupported");
                }
            }
        }
    }

    // --- chains ----------------------------------------------------------------------------------------------------

    void checkChain(const ChainConfig &chain)
    {
        if (chain.hops.empty())
            error(chain.path, "this chain has no hop (GOST would connect directly)", "empty-chain");
        for (const HopConfig &hop : chain.hops) {
            if (m_checkedHops.insert(hop.path).second)
                checkHop(hop);
        }
    }

    void checkHop(const HopConfig &hop)
    {
        if (hop.nodes.empty())
            error(hop.path, "this hop has no node (GOST would connect directly)", "empty-hop");
        checkReferences(hop.path, "bypass", "bypasses", hop.bypasses, "bypass nothing");
        checkReference(hop.path + ".resolver", "resolver", hop.resolver, "ask the system's resolver");
        checkReference(hop.path + ".hosts", "hosts", hop.hosts, "do without");
        if (hop.selector) {
            static constexpr std::string_view known[] = {"fifo", "ha", "hash", "rand", "random", "round", "rr"};
            static constexpr std::string_view missing[] = {"ll", "lowest", "lowestlatency", "parallel"};
            const std::string &strategy = hop.selector->strategy;
            if (contains(missing, strategy))
                warn(hop.path + ".selector.strategy",
                     "GOST has the strategy " + inQuotes(strategy) + ", Sluice does not yet; round is used",
                     "unsupported-strategy");
            else if (!contains(known, strategy))
                warn(hop.path + ".selector.strategy", "there is no strategy " + inQuotes(strategy) + "; round is used",
                     "unknown-strategy");
        }
        std::set<std::string> reported;
        for (const NodeConfig &node : hop.nodes)
            checkNode(hop, node, reported);
        checkMetadata(hop.path, hop.metadata, reported);
    }

    void checkNode(const HopConfig &hop, const NodeConfig &node, std::set<std::string> &reported)
    {
        checkType(Layer::Connector, node.path + ".connector", node.connector.type);
        checkType(Layer::Dialer, node.path + ".dialer", node.dialer.type);
        const HostPort parts = HostPort::split(node.addr);
        if (node.addr.empty())
            error(node.path, "there is no addr, for example \"192.0.2.1:1080\"", "missing-address");
        else if (parts.port.empty())
            error(node.path + ".addr", "there is no port; write host:port", "bad-port");
        else if (parts.portNumber().value_or(0) == 0)
            error(node.path + ".addr", "the port must be a number from 1 to 65535", "bad-port");
        checkReferences(node.path, "bypass", "bypasses", node.bypasses, "bypass nothing");
        if (node.resolver != hop.resolver)
            checkReference(node.path + ".resolver", "resolver", node.resolver, "ask the system's resolver");
        if (node.hosts != hop.hosts)
            checkReference(node.path + ".hosts", "hosts", node.hosts, "do without");
        checkMetadata(node.path + ".connector", node.connector.metadata, reported);
        checkMetadata(node.path + ".dialer", node.dialer.metadata, reported);
        checkMetadata(node.path, node.metadata, reported);
    }

    // --- lists -----------------------------------------------------------------------------------------------------

    void checkBypass(const BypassConfig &bypass)
    {
        for (std::size_t index = 0; index < bypass.matchers.size(); ++index) {
            if (!canMatch(bypass.matchers[index])) {
                warn(itemPath(bypass.path + ".matchers", index),
                     inQuotes(bypass.matchers[index]) +
                         " can match nothing; write an address, a prefix (10.0.0.0/8), a range, a name, .domain or "
                         "*.domain, with :port if need be",
                     "useless-pattern");
            }
        }
        if (!bypass.network.empty() && bypass.network != "tcp" && bypass.network != "udp")
            warn(bypass.path + ".network", "network is tcp or udp; this list never applies", "bad-value");
        if (bypass.isWhitelist && bypass.matchers.empty() && !bypass.file)
            warn(bypass.path, "an empty whitelist lets everything through", "empty-whitelist");
    }

    void checkAdmission(const AdmissionConfig &admission)
    {
        for (std::size_t index = 0; index < admission.matchers.size(); ++index) {
            if (!Cidr::parse(admission.matchers[index])) {
                warn(itemPath(admission.path + ".matchers", index),
                     inQuotes(admission.matchers[index]) + " is neither an IP address nor a prefix, and matches nobody",
                     "useless-pattern");
            }
        }
    }

    void checkResolvers()
    {
        for (const ResolverConfig &resolver : m_config.resolvers) {
            for (std::size_t index = 0; index < resolver.nameservers.size(); ++index)
                checkReference(itemPath(resolver.path + ".nameservers", index) + ".chain", "chain",
                               resolver.nameservers[index].chain, "ask directly");
        }
    }

    // --- keys without effect ---------------------------------------------------------------------------------------

    /// Speaks of the outermost key only.
    void checkSupport(const Value &value, const Schema &schema, const std::string &path)
    {
        for (const Entry &entry : value.map() != nullptr ? *value.map() : Value::Map()) {
            const Field *field = schema.find(entry.key);
            if (field == nullptr)
                continue;
            const std::string where = childPath(path, field->name);
            if (field->support != Honoured) {
                m_issues.push_back(
                    m_document.issueAt(entry.position, field->support == Missing ? Severity::Warning : Severity::Note,
                                       where, "GOST has this, Sluice does not act on it yet", "unsupported-key"));
            } else if (field->type == FieldType::Object) {
                checkSupport(entry.value, *field->object, where);
            } else if (field->type == FieldType::ObjectList && entry.value.list() != nullptr) {
                for (std::size_t index = 0; index < entry.value.list()->size(); ++index)
                    checkSupport((*entry.value.list())[index], *field->object, itemPath(where, index));
            }
        }
    }

    const Config &m_config;
    const Document &m_document;
    Issues m_issues;
    std::map<std::string, std::set<std::string, std::less<>>> m_names; ///< by kind
    std::set<std::string> m_checkedHops;
};

} // namespace

std::span<const std::string_view> runnableNames(Layer layer)
{
    switch (layer) {
    case Layer::Handler: return handlers;
    case Layer::Listener: return listeners;
    case Layer::Connector: return connectors;
    case Layer::Dialer: return dialers;
    }
    return {};
}

Issues checkConfig(const Config &config, const Document &document)
{
    return Checker(config, document).check();
}

} // namespace sluice::config
