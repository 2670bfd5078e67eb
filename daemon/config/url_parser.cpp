// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/config/url_parser.h"

#include "daemon/config/go_url.h"
#include "daemon/config/gost_names.h"
#include "daemon/config/scalar.h"
#include "daemon/config/utf8.h"
#include "helper/base/duration.h"

#include <algorithm>

namespace sluice::config {

namespace {

/// More services than this out of port ranges is a slip, not a plan.
constexpr std::size_t maxServices = 1024;

using Words = std::vector<std::string_view>;

bool isOneOf(std::string_view word, const Words &words)
{
    return std::find(words.begin(), words.end(), word) != words.end();
}

std::string_view trimmed(std::string_view text)
{
    constexpr std::string_view blanks = " \t\n\v\f\r";
    const std::size_t start = text.find_first_not_of(blanks);
    return start == std::string_view::npos ? std::string_view()
                                           : text.substr(start, text.find_last_not_of(blanks) - start + 1);
}

std::vector<std::string> split(std::string_view text, char separator)
{
    std::vector<std::string> parts;
    while (true) {
        const std::size_t end = text.find(separator);
        parts.emplace_back(text.substr(0, end));
        if (end == std::string_view::npos)
            return parts;
        text.remove_prefix(end + 1);
    }
}

Value textList(std::string_view commaSeparated, bool keepsEmpty = false)
{
    Value::List items;
    for (std::string &part : split(commaSeparated, ',')) {
        if (keepsEmpty || !part.empty())
            items.emplace_back(std::move(part));
    }
    return Value(std::move(items));
}

Value textValue(std::string_view text)
{
    return Value(std::string(text));
}

/// The parameters of one URL. Look-ups ignore case, as GOST's do; remove() does not, as GOST does not.
class Parameters
{
public:
    explicit Parameters(const std::map<std::string, std::string> &query)
    {
        for (const auto &[key, value] : query)
            m_values.emplace(key, Value(value));
    }

    /// The first of the keys that is there, else "".
    [[nodiscard]] std::string text(const Words &keys) const
    {
        for (const std::string_view key : keys) {
            for (const auto &[name, value] : m_values) {
                if (equalIgnoringCase(name, key))
                    return value.text() != nullptr ? *value.text() : std::string();
            }
        }
        return {};
    }

    [[nodiscard]] std::int64_t integer(const Words &keys) const { return parseDecimal(text(keys)).value_or(0); }

    [[nodiscard]] Duration duration(const Words &keys) const
    {
        const std::string word = text(keys);
        const auto parsed = parseDuration(word);
        if (parsed && parsed->count() != 0)
            return *parsed;
        constexpr std::int64_t limit = 9'223'372'036;
        return std::chrono::seconds(std::clamp(parseDecimal(word).value_or(0), -limit, limit));
    }

    void remove(const Words &keys)
    {
        for (const std::string_view key : keys)
            m_values.erase(std::string(key));
    }

    void removeIgnoringCase(std::string_view key)
    {
        std::erase_if(m_values, [key](const auto &pair) { return equalIgnoringCase(pair.first, key); });
    }

    void set(std::string key, Value value) { m_values.insert_or_assign(std::move(key), std::move(value)); }

    [[nodiscard]] const std::map<std::string, Value> &values() const { return m_values; }

private:
    std::map<std::string, Value> m_values;
};

/// Metadata maps of one object tree, filled from parameters: "handler.x" goes to the handler only, "x" to everybody.
class Scopes
{
public:
    explicit Scopes(std::vector<std::string_view> names)
        : m_names(std::move(names))
        , m_maps(m_names.size())
    {
    }

    void fill(const Parameters &parameters)
    {
        for (const auto &[key, value] : parameters.values()) {
            if (scopeOf(key) == m_names.size()) {
                for (Value &map : m_maps)
                    map.set(key, value);
            }
        }
        for (const auto &[key, value] : parameters.values()) { // a scoped key beats the same key without scope
            if (const std::size_t scope = scopeOf(key); scope < m_names.size())
                m_maps[scope].set(std::string_view(key).substr(m_names[scope].size() + 1), value);
        }
    }

    [[nodiscard]] Value &operator[](std::size_t scope) { return m_maps[scope]; }

private:
    [[nodiscard]] std::size_t scopeOf(std::string_view key) const
    {
        std::size_t scope = 0;
        while (scope < m_names.size() &&
               !(key.starts_with(m_names[scope]) && key.substr(m_names[scope].size()).starts_with('.')))
            ++scope;
        return scope;
    }

    std::vector<std::string_view> m_names;
    std::vector<Value> m_maps;
};

/// The bits of a Base64 text without padding; nothing when it holds other letters than the alphabet's 64.
std::optional<std::string> fromBase64(std::string_view text, std::string_view last2)
{
    if (text.size() % 4 == 1)
        return std::nullopt;
    std::string bytes;
    std::uint32_t bits = 0;
    int count = 0;
    for (const char c : text) {
        std::uint32_t digit = 0;
        if (c >= 'A' && c <= 'Z')
            digit = static_cast<std::uint32_t>(c - 'A');
        else if (c >= 'a' && c <= 'z')
            digit = static_cast<std::uint32_t>(c - 'a') + 26;
        else if (c >= '0' && c <= '9')
            digit = static_cast<std::uint32_t>(c - '0') + 52;
        else if (last2.find(c) != std::string_view::npos)
            digit = static_cast<std::uint32_t>(last2.find(c)) + 62;
        else
            return std::nullopt;
        bits = bits << 6U | digit;
        count += 6;
        if (count >= 8) {
            count -= 8;
            bytes += static_cast<char>(bits >> static_cast<unsigned>(count) & 0xffU);
        }
    }
    return bytes;
}

/// URL-safe Base64 without padding, else the standard one with padding.
std::optional<std::string> fromBase64(std::string_view text)
{
    if (auto bytes = fromBase64(text, "-_"))
        return bytes;
    if (text.size() % 4 != 0)
        return std::nullopt;
    for (int padding = 0; padding < 2 && text.ends_with('='); ++padding)
        text.remove_suffix(1);
    return fromBase64(text, "+/");
}

Value authValue(std::string_view name, std::string_view password)
{
    Value auth{Value::Map{}};
    if (!name.empty())
        auth.set("username", textValue(name));
    if (!password.empty())
        auth.set("password", textValue(password));
    return auth;
}

/// "name:password", the password may be missing.
Value authFromPair(std::string_view pair)
{
    const std::size_t colon = pair.find(':');
    return authValue(pair.substr(0, colon), colon == std::string_view::npos ? "" : pair.substr(colon + 1));
}

class UrlReader
{
public:
    explicit UrlReader(Issues &issues)
        : m_issues(issues)
    {
        m_document.files = {"-L", "-F"};
    }

    Document read(std::span<const std::string> services, std::span<const std::string> nodes)
    {
        std::size_t number = 0;
        for (const std::string &text : nodes)
            readNode(text, number++);
        number = 0;
        for (const std::string &text : services)
            readService(text, number++);
        for (Value &service : m_services)
            finishService(service, !nodes.empty());

        put("services", std::move(m_services));
        if (!nodes.empty()) {
            Value chain{Value::Map{}};
            chain.position.file = nodeFile;
            chain.set("name", textValue("chain-0"));
            chain.set("hops", Value(std::move(m_hops)));
            put("chains", {std::move(chain)});
        }
        for (auto &[list, objects] : m_objects)
            put(list, std::move(objects));
        return std::move(m_document);
    }

private:
    static constexpr int serviceFile = 0;
    static constexpr int nodeFile = 1;

    void report(int file, std::size_t number, Severity severity, std::string text, std::string id)
    {
        // The number tells apart several URLs; the URL itself may hold a password.
        std::string place = number == 0 ? std::string() : "URL number " + std::to_string(number + 1) + ": ";
        m_issues.push_back(
            m_document.issueAt({file, 0, 0}, severity, {}, std::move(place) + std::move(text), std::move(id)));
    }

    void put(std::string_view key, Value::List items)
    {
        if (!items.empty())
            m_document.root.set(key, Value(std::move(items)));
    }

    /// A new named object in a top-level list: "bypass-0". Returns its name.
    std::string addObject(std::string_view list, std::string_view stem, int file, Value object)
    {
        Value::List &objects = m_objects[std::string(list)];
        std::string name = std::string(stem) + "-" + std::to_string(objects.size());
        Value named{Value::Map{}};
        named.position.file = file;
        named.set("name", Value(name));
        for (Entry &entry : *object.map())
            named.set(entry.key, std::move(entry.value));
        objects.push_back(std::move(named));
        return name;
    }

    /// "~a,b": a list of matchers, whitelist by the tilde.
    static Value matchers(std::string_view text)
    {
        Value object{Value::Map{}};
        if (text.starts_with('~')) {
            object.set("whitelist", Value(true));
            text.remove_prefix(1);
        }
        object.set("matchers", textList(text));
        return object;
    }

    static Value nameservers(std::string_view text, std::string_view prefer)
    {
        Value::List servers;
        for (std::string &addr : split(text, ',')) {
            if (addr.empty())
                continue;
            Value server{Value::Map{}};
            server.set("addr", Value(std::move(addr)));
            if (!prefer.empty())
                server.set("prefer", textValue(prefer));
            servers.push_back(std::move(server));
        }
        Value object{Value::Map{}};
        object.set("nameservers", Value(std::move(servers)));
        return object;
    }

    /// "name:ip,name:ip"; an IPv6 address keeps its colons.
    static Value mappings(std::string_view text)
    {
        Value::List list;
        for (const std::string &part : split(text, ',')) {
            const std::size_t colon = part.find(':');
            if (colon == std::string::npos)
                continue;
            Value mapping{Value::Map{}};
            mapping.set("ip", textValue(part.substr(colon + 1)));
            mapping.set("hostname", textValue(part.substr(0, colon)));
            list.push_back(std::move(mapping));
        }
        Value object{Value::Map{}};
        object.set("mappings", Value(std::move(list)));
        return object;
    }

    /// If any of its keys is there, they become a selector with the command line's own defaults.
    static std::optional<Value> takeSelector(Parameters &parameters)
    {
        std::string strategy = parameters.text({"strategy"});
        std::int64_t maxFails = parameters.integer({"maxFails", "max_fails"});
        Duration failTimeout = parameters.duration({"failTimeout", "fail_timeout"});
        if (strategy.empty() && maxFails <= 0 && failTimeout <= Duration::zero())
            return std::nullopt;
        if (strategy.empty())
            strategy = "round";
        if (maxFails <= 0)
            maxFails = 1;
        if (failTimeout <= Duration::zero())
            failTimeout = std::chrono::seconds(30);
        parameters.remove({"strategy", "maxFails", "max_fails", "failTimeout", "fail_timeout"});
        Value selector{Value::Map{}};
        selector.set("strategy", Value(std::move(strategy)));
        selector.set("maxFails", Value(maxFails));
        selector.set("failTimeout", Value(std::int64_t{failTimeout.count()}));
        return selector;
    }

    /// so_mark as a number under "scope.so_mark", for that scope only.
    void liftMark(Parameters &parameters, std::string_view scope, int file, std::size_t number)
    {
        const std::string word = parameters.text({"so_mark"});
        if (word.empty())
            return;
        const auto mark = parseDecimalOrHex(word);
        if (!mark || *mark < 0 || *mark > 0xffffffff) {
            report(file, number, Severity::Error,
                   "so_mark is a number from 1 to 0xffffffff (GOST would leave the packets unmarked without a word)",
                   "bad-mark");
            parameters.removeIgnoringCase("so_mark");
        } else if (*mark > 0) {
            parameters.removeIgnoringCase("so_mark");
            parameters.set(std::string(scope) + ".so_mark", Value(*mark));
        }
    }

    static void lift(Parameters &parameters, std::string_view scope, std::string_view key)
    {
        if (std::string text = parameters.text({key}); !text.empty()) {
            parameters.removeIgnoringCase(key);
            parameters.set(std::string(scope).append(".").append(key), Value(std::move(text)));
        }
    }

    static void liftPositive(Parameters &parameters, std::string_view scope, std::string_view key)
    {
        if (const std::int64_t number = parameters.integer({key}); number > 0) {
            parameters.removeIgnoringCase(key);
            parameters.set(std::string(scope).append(".").append(key), Value(number));
        }
    }

    inline static const Words certKeys = {"tls.certFile", "certFile", "cert"};
    inline static const Words keyKeys = {"tls.keyFile", "keyFile", "key"};
    inline static const Words caKeys = {"tls.caFile", "caFile", "ca"};

    static Value takeTlsFiles(Parameters &parameters)
    {
        Value tls{Value::Map{}};
        const auto take = [&](std::string_view name, const Words &keys) {
            if (std::string text = parameters.text(keys); !text.empty())
                tls.set(name, Value(std::move(text)));
        };
        take("certFile", certKeys);
        take("keyFile", keyKeys);
        take("caFile", caKeys);
        parameters.remove(certKeys);
        parameters.remove(keyKeys);
        parameters.remove(caKeys);
        return tls;
    }

    /// The user in front of '@', else ?auth=BASE64. Nothing when there is neither.
    std::optional<Value> takeAuth(const GoUrl &url, Parameters &parameters, int file, std::size_t number)
    {
        std::optional<Value> auth;
        if (url.user) {
            // Shadowsocks URLs may hold "method:password" in Base64 (SIP002).
            if (url.scheme.starts_with("ss") && !url.user->password && !url.user->name.empty()) {
                const auto decoded = fromBase64(url.user->name);
                if (decoded && decoded->find(':') != std::string::npos)
                    auth = authFromPair(*decoded);
            }
            if (!auth)
                auth = authValue(url.user->name, url.user->password.value_or(""));
        } else if (const std::string encoded = parameters.text({"auth"}); !encoded.empty()) {
            if (const auto decoded = fromBase64(encoded))
                auth = authFromPair(*decoded);
            else
                report(file, number, Severity::Error, "auth is not Base64 of user:password", "bad-auth");
        }
        parameters.remove({"auth"});
        return auth;
    }

    /// Adds "://" and a scheme where they are missing, and parses.
    std::optional<GoUrl> parse(std::string_view text, int file, std::size_t number)
    {
        std::string normal(trimmed(text));
        if (normal.starts_with(':') || normal.find("://") == std::string::npos)
            normal.insert(0, "auto://");
        auto url = GoUrl::parse(normal);
        if (url && !url->isText()) {
            report(file, number, Severity::Error, "the percent codes make bytes that are no text", "not-text");
            return std::nullopt;
        }
        if (!url) {
            report(file, number, Severity::Error, url.error().message, "bad-url");
            return std::nullopt;
        }
        std::vector<std::string> keys;
        for (const auto &[key, value] : url->query)
            keys.push_back(lowerCase(key));
        std::sort(keys.begin(), keys.end());
        if (const auto twice = std::adjacent_find(keys.begin(), keys.end()); twice != keys.end()) {
            report(file, number, Severity::Error,
                   "the parameter " + *twice + " is there twice (capital letters make no difference)", "duplicate-key");
        }
        if (url->hasBadQuery) {
            report(file, number, Severity::Warning,
                   "a part of the query cannot be decoded and is left out; percent-encode ';' and '%'", "bad-query");
        }
        if (url->scheme == "https")
            url->scheme = "http+tls";
        return *std::move(url);
    }

    /// A host is cut out before anybody looks at its bytes.
    bool isTextOrReport(const std::string &argument, int file, std::size_t number)
    {
        if (firstBadByte(argument) == std::string::npos && argument.find('\0') == std::string::npos)
            return true;
        report(file, number, Severity::Error, "the URL is not UTF-8 text", "not-text");
        return false;
    }

    struct Types
    {
        std::string outer; ///< handler or connector
        std::string inner; ///< listener or dialer
    };

    /// "a+b" names two layers, "a" both. Names that GOST does not know become its defaults.
    static Types typesOf(const std::string &scheme, Layer outer, Layer inner, std::string_view outerDefault)
    {
        const std::vector<std::string> parts = split(scheme, '+');
        Types types;
        if (parts.size() <= 2)
            types = {parts.front(), parts.back()};
        if (!isKnownToGost(outer, types.outer))
            types.outer = outerDefault;
        if (!isKnownToGost(inner, types.inner))
            types.inner = types.outer == "ssu" ? "udp" : "tcp";
        return types;
    }

    void readNode(const std::string &text, std::size_t number)
    {
        if (trimmed(text).empty()) {
            report(nodeFile, number, Severity::Error, "the URL is empty", "bad-url");
            return;
        }
        if (!isTextOrReport(text, nodeFile, number))
            return;
        const auto url = parse(text, nodeFile, number);
        if (!url)
            return;
        Parameters parameters(url->query);
        Value hop{Value::Map{}};
        hop.position.file = nodeFile;
        hop.set("name", Value("hop-" + std::to_string(number)));
        if (auto selector = takeSelector(parameters))
            hop.set("selector", *std::move(selector));
        if (const std::string list = parameters.text({"bypass"}); !list.empty()) {
            hop.set("bypass", Value(addObject("bypasses", "bypass", nodeFile, matchers(list))));
            parameters.remove({"bypass"});
        }
        if (const std::string list = parameters.text({"resolver"}); !list.empty()) {
            hop.set("resolver", Value(addObject("resolvers", "resolver", nodeFile, nameservers(list, {}))));
            parameters.remove({"resolver"});
        }
        if (const std::string list = parameters.text({"hosts"}); !list.empty()) {
            hop.set("hosts", Value(addObject("hosts", "hosts", nodeFile, mappings(list))));
            parameters.remove({"hosts"});
        }
        lift(parameters, "hop", "interface");
        liftMark(parameters, "hop", nodeFile, number);
        liftPositive(parameters, "hop", "proxyProtocol");

        Value hopMetadata{Value::Map{}};
        Parameters forNode({});
        for (const auto &[key, value] : parameters.values()) {
            if (key.starts_with("hop."))
                continue;
            forNode.set(key, value);
            if (!key.starts_with("node.") && !key.starts_with("connector.") && !key.starts_with("dialer."))
                hopMetadata.set(key, value);
        }
        for (const auto &[key, value] : parameters.values()) {
            if (key.starts_with("hop."))
                hopMetadata.set(std::string_view(key).substr(4), value);
        }
        Value::List nodes = nodesOf(*url, forNode, number);
        if (nodes.empty())
            reportNoNode(*url, number);
        else
            hop.set("nodes", Value(std::move(nodes)));
        if (!hopMetadata.map()->empty())
            hop.set("metadata", std::move(hopMetadata));
        m_hops.push_back(std::move(hop));
    }

    void reportNoNode(const GoUrl &url, std::size_t number)
    {
        if (url.scheme == "direct" || url.scheme == "virtual") {
            report(nodeFile, number, Severity::Note, url.scheme + ":// is no hop: nothing is dialled here",
                   "direct-hop");
            return;
        }
        report(nodeFile, number, Severity::Error,
               "the URL has no host; write -F SCHEME://HOST:PORT (GOST would connect directly)", "missing-host");
    }

    Value::List nodesOf(const GoUrl &url, Parameters &parameters, std::size_t number)
    {
        const Types types = typesOf(url.scheme, Layer::Connector, Layer::Dialer, "http");
        std::optional<Value> auth = takeAuth(url, parameters, nodeFile, number);
        const bool isSecure = parseGoBoolean(parameters.text({"tls.secure", "secure"})).value_or(false);
        const std::string serverName = parameters.text({"tls.servername", "servername"});
        Value tls = takeTlsFiles(parameters);
        parameters.remove({"tls.secure", "secure", "tls.servername", "serverName"});
        Scopes scopes({"connector", "dialer", "node"});
        scopes.fill(parameters);

        std::vector<std::string> hosts = split(url.host, ',');
        if (isOneOf(types.inner, {"unix", "serial"})) { // their address is a path
            if (!url.host.empty() && !url.path.empty())
                hosts = {url.host + url.path.substr(1)};
            else if (!url.path.empty())
                hosts = {url.path};
        }
        Value::List nodes;
        for (const std::string &host : hosts) {
            if (host.empty())
                continue;
            Value nodeTls = tls;
            if (isSecure)
                nodeTls.set("secure", Value(true));
            const std::string name = serverName.empty() ? serverNameOf(url, host) : serverName;
            if (!name.empty())
                nodeTls.set("serverName", Value(name));
            const bool usesTls =
                isSecure || nodeTls.find("certFile") != nullptr || nodeTls.find("caFile") != nullptr || !name.empty();

            const bool isSsh = isOneOf(types.inner, {"ssh", "sshd"});
            Value connector = layer(types.outer, isSsh ? std::nullopt : auth, std::nullopt, scopes[0]);
            Value dialer = layer(types.inner, isSsh ? auth : std::nullopt,
                                 usesTls ? std::optional(std::move(nodeTls)) : std::nullopt, scopes[1]);
            Value node{Value::Map{}};
            node.position.file = nodeFile;
            node.set("name", Value("node-" + std::to_string(nodes.size())));
            node.set("addr", Value(host));
            node.set("connector", std::move(connector));
            node.set("dialer", std::move(dialer));
            if (scopes[2].map() != nullptr)
                node.set("metadata", scopes[2]);
            nodes.push_back(std::move(node));
        }
        return nodes;
    }

    static std::string serverNameOf(const GoUrl &url, const std::string &host)
    {
        return hostNameOf(url.host.find(',') == std::string::npos ? url.host : host);
    }

    static Value layer(const std::string &type, std::optional<Value> auth, std::optional<Value> tls,
                       const Value &metadata)
    {
        Value layer{Value::Map{}};
        layer.set("type", Value(type));
        if (auth)
            layer.set("auth", *std::move(auth));
        if (tls)
            layer.set("tls", *std::move(tls));
        if (metadata.map() != nullptr)
            layer.set("metadata", metadata);
        return layer;
    }

    /// Takes the host out, because in -L it may be what no URL allows: a port range, a list. Returns the host.
    static std::string cutHost(std::string &text)
    {
        const std::size_t start = text.find("://") + 3;
        const std::size_t end = std::min(text.find_first_of("/?", start), text.size());
        std::size_t hostStart = text.rfind('@', end == 0 ? 0 : end - 1);
        hostStart = hostStart == std::string::npos || hostStart < start ? start : hostStart + 1;
        std::string host = text.substr(hostStart, end - hostStart);
        text.erase(hostStart, end - hostStart);
        return host;
    }

    /// "host:1-3" is three addresses; an address without a port is itself.
    std::vector<std::string> expandPorts(const std::string &address, std::size_t number)
    {
        const std::size_t colon = address.rfind(':');
        const bool isBracketed = address.starts_with('[');
        const std::size_t bracket = address.find(']');
        const bool hasPort =
            colon != std::string::npos &&
            (isBracketed ? bracket != std::string::npos && bracket + 1 == colon
                         : address.find(':') == colon && address.find_first_of("[]") == std::string::npos);
        if (!hasPort)
            return {address};
        const std::string host = isBracketed ? address.substr(1, bracket - 1) : address.substr(0, colon);
        const std::string ports = address.substr(colon + 1);
        const std::size_t dash = ports.find('-');
        const auto first = parseDecimal(std::string_view(ports).substr(0, dash));
        const auto last = dash == std::string::npos ? first : parseDecimal(std::string_view(ports).substr(dash + 1));
        const bool isPlain = host.find(':') == std::string::npos;
        if (!first || !last || *first < 0 || *last > 65535) {
            report(serviceFile, number, Severity::Error,
                   "\"" + ports + "\" is not a port from 0 to 65535 or a range of them", "bad-port");
            return {address};
        }
        if (*last < *first)
            return {address};
        if (static_cast<std::size_t>(*last - *first) >= maxServices) {
            report(serviceFile, number, Severity::Error,
                   "a range of more than " + std::to_string(maxServices) + " ports", "bad-port");
            return {address};
        }
        std::vector<std::string> addresses;
        for (std::int64_t port = *first; port <= *last; ++port)
            addresses.push_back((isPlain ? host : "[" + host + "]") + ":" + std::to_string(port));
        return addresses;
    }

    static Value target(std::size_t number, std::string addr)
    {
        Value node{Value::Map{}};
        node.set("name", Value("target-" + std::to_string(number)));
        node.set("addr", Value(std::move(addr)));
        return node;
    }

    void readService(const std::string &argument, std::size_t number)
    {
        std::string text(trimmed(argument));
        if (text.empty() || !isTextOrReport(argument, serviceFile, number))
            return;
        if (text.starts_with(':') || text.find("://") == std::string::npos)
            text.insert(0, "auto://");
        const std::string host = cutHost(text);
        const auto url = parse(text, serviceFile, number);
        if (!url)
            return;
        Types types = typesOf(url->scheme, Layer::Handler, Layer::Listener, "auto");
        const std::vector<std::string> schemes = split(url->scheme, '+');
        const bool isPathAddress = schemes.size() <= 2 && isOneOf(schemes.back(), {"unix", "runix", "serial"});

        std::vector<std::string> addresses;
        if (!isPathAddress)
            addresses = expandPorts(host, number);
        else if (!host.empty())
            addresses = {host + (url->path.empty() ? std::string() : url->path.substr(1))};
        else
            addresses = {url->path};
        if (m_services.size() + addresses.size() > maxServices) {
            report(serviceFile, number, Severity::Error, "more than " + std::to_string(maxServices) + " services",
                   "too-many-services");
            return;
        }

        Value::List targets = isPathAddress ? Value::List() : targetsOf(*url, types, number);
        if (types.inner == "stdio" && targets.empty() && !host.empty()) {
            targets.push_back(target(0, host));
            if (types.outer == "auto")
                types.outer = "tcp";
        }
        addServices(*url, types, addresses, std::move(targets), number);
    }

    /// The path is a list of addresses to forward to.
    Value::List targetsOf(const GoUrl &url, Types &types, std::size_t number)
    {
        std::string_view path = url.path;
        while (path.starts_with('/'))
            path.remove_prefix(1);
        while (path.ends_with('/'))
            path.remove_suffix(1);
        Value::List targets;
        if (path.empty())
            return targets;
        for (const std::string &part : split(path, ',')) {
            for (std::string &addr : expandPorts(part, number))
                targets.push_back(target(targets.size(), std::move(addr)));
        }
        if (types.outer != "relay") {
            const bool handlesItself =
                isOneOf(types.inner, {"tcp", "udp", "rtcp", "rudp", "tun", "tap", "dns", "unix", "runix", "serial"});
            types.outer = handlesItself ? types.inner : "forward";
        }
        return targets;
    }

    void addServices(const GoUrl &url, const Types &types, const std::vector<std::string> &addresses,
                     Value::List targets, std::size_t number)
    {
        Parameters parameters(url.query);
        std::optional<Value> auth = takeAuth(url, parameters, serviceFile, number);
        Value tls = takeTlsFiles(parameters);
        if (const std::string list = parameters.text({"dns"}); !list.empty())
            parameters.set("dns", textList(list, true));
        lift(parameters, "service", "interface");
        liftMark(parameters, "service", serviceFile, number);
        liftPositive(parameters, "service", "proxyProtocol");
        lift(parameters, "service", "netns");
        lift(parameters, "service", "netns.out");
        const std::optional<Value> selector = takeSelector(parameters);
        Scopes scopes({"service", "handler", "listener"});
        scopes.fill(parameters);

        const bool isSsh = isOneOf(types.inner, {"ssh", "sshd"});
        const Value handler = layer(types.outer, isSsh ? std::nullopt : auth, std::nullopt, scopes[1]);
        const Value listener =
            layer(types.inner, isSsh ? auth : std::nullopt,
                  tls.find("certFile") != nullptr ? std::optional(std::move(tls)) : std::nullopt, scopes[2]);
        for (std::size_t index = 0; index < addresses.size(); ++index) {
            Value service{Value::Map{}};
            service.position.file = serviceFile;
            service.set("name", Value("service-" + std::to_string(m_services.size())));
            if (!addresses[index].empty())
                service.set("addr", Value(addresses[index]));
            service.set("handler", handler);
            service.set("listener", listener);
            // One service takes all targets; several take one each, or share the only one.
            Value::List own;
            if (addresses.size() == 1)
                own = targets;
            else if (targets.size() == 1)
                own = targets;
            else if (index < targets.size())
                own = {targets[index]};
            if (!own.empty()) {
                Value forwarder{Value::Map{}};
                if (selector)
                    forwarder.set("selector", *selector);
                forwarder.set("nodes", Value(std::move(own)));
                service.set("forwarder", std::move(forwarder));
            }
            if (scopes[0].map() != nullptr)
                service.set("metadata", scopes[0]);
            m_services.push_back(std::move(service));
        }
    }

    /// Moves what has a place of its own out of the handler's metadata; the copies elsewhere stay, as in GOST.
    void finishService(Value &service, bool hasChain)
    {
        Value &handler = *service.find("handler");
        Value &listener = *service.find("listener");
        if (hasChain) {
            const bool dialsFromListener = isOneOf(*listener.find("type")->text(), {"rtcp", "rudp", "runix"});
            (dialsFromListener ? listener : handler).set("chain", textValue("chain-0"));
        }
        Value *metadata = handler.find("metadata");
        if (metadata == nullptr)
            return;
        const auto text = [&metadata](std::string_view key) {
            const Value *value = metadata->find(key);
            return value != nullptr && value->text() != nullptr ? *value->text() : std::string();
        };
        const auto remove = [&metadata](std::string_view key) { // exact spelling only
            std::erase_if(*metadata->map(), [key](const Entry &entry) { return entry.key == key; });
        };
        const auto move = [&](std::string_view key, std::string_view list, std::string_view stem, auto make) {
            const std::string value = text(key);
            if (value.empty())
                return;
            service.set(key, Value(addObject(list, stem, serviceFile, make(value))));
            remove(key);
        };
        if (const std::int64_t retries = parseDecimal(text("retries")).value_or(0); retries > 0) {
            handler.set("retries", Value(retries));
            metadata = handler.find("metadata");
            remove("retries");
        }
        move("admission", "admissions", "admission", [](const std::string &list) { return matchers(list); });
        move("bypass", "bypasses", "bypass", [](const std::string &list) { return matchers(list); });
        move("resolver", "resolvers", "resolver",
             [&](const std::string &list) { return nameservers(list, text("prefer")); });
        move("hosts", "hosts", "hosts", [](const std::string &list) { return mappings(list); });
        moveLimits(service, text, remove);
        if (metadata->map()->empty())
            service.find("handler")->remove("metadata"); // `handler` may have moved when keys were added to the service
    }

    template <typename Text, typename Remove>
    void moveLimits(Value &service, Text text, Remove remove)
    {
        Value::List lines;
        const auto addLine = [&](std::string_view key, const std::string &in, const std::string &out) {
            if (!in.empty() || !out.empty())
                lines.emplace_back(std::string(key) + " " + in + " " + out);
        };
        addLine("$", text("limiter.in"), text("limiter.out"));
        addLine("$$", text("limiter.conn.in"), text("limiter.conn.out"));
        if (!lines.empty()) {
            addLimiter(service, "limiter", std::move(lines));
            for (const std::string_view key : {"limiter.in", "limiter.out", "limiter.conn.in", "limiter.conn.out"})
                remove(key);
        }
        if (const std::int64_t limit = parseDecimal(text("climiter")).value_or(0); limit > 0) {
            addLimiter(service, "climiter", {Value("$ " + std::to_string(limit))});
            remove("climiter");
        }
        const Value rate = resolvePlainScalar(text("rlimiter"));
        const double perSecond = rate.number() != nullptr    ? *rate.number()
                                 : rate.integer() != nullptr ? static_cast<double>(*rate.integer())
                                                             : 0;
        if (perSecond > 0) {
            addLimiter(service, "rlimiter", {Value("$ " + formatFloat(perSecond))});
            remove("rlimiter");
        }
    }

    void addLimiter(Value &service, const std::string &key, Value::List lines)
    {
        Value object{Value::Map{}};
        object.set("limits", Value(std::move(lines)));
        service.set(key, Value(addObject(key + "s", key, serviceFile, std::move(object))));
    }

    Document m_document;
    Issues &m_issues;
    Value::List m_services;
    Value::List m_hops;
    std::map<std::string, Value::List> m_objects; ///< by the name of their top-level list
};

} // namespace

Document parseUrls(std::span<const std::string> services, std::span<const std::string> nodes, Issues &issues)
{
    return UrlReader(issues).read(services, nodes);
}

} // namespace sluice::config
