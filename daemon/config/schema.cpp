// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/config/schema.h"

#include <algorithm>

namespace sluice::config {

namespace {

using enum FieldType;
using enum Support;

constexpr Field text(std::string_view name, Support support = Honoured)
{
    return {name, Text, nullptr, false, support};
}

constexpr Field textList(std::string_view name, Support support = Honoured)
{
    return {name, TextList, nullptr, false, support};
}

constexpr Field integer(std::string_view name, Support support = Honoured)
{
    return {name, Integer, nullptr, false, support};
}

constexpr Field boolean(std::string_view name, Support support = Honoured)
{
    return {name, Boolean, nullptr, false, support};
}

constexpr Field duration(std::string_view name, Support support = Honoured)
{
    return {name, Duration, nullptr, false, support};
}

constexpr Field object(std::string_view name, const Schema &schema, Support support = Honoured)
{
    return {name, Object, &schema, false, support};
}

constexpr Field objectList(std::string_view name, const Schema &schema, Support support = Honoured)
{
    return {name, ObjectList, &schema, false, support};
}

constexpr Field metadata(Support support = Honoured)
{
    return {"metadata", Metadata, nullptr, false, support};
}

constexpr Field always(Field field)
{
    field.isAlwaysWritten = true;
    return field;
}

constexpr Field named(Field field, std::string_view jsonName)
{
    field.jsonName = jsonName;
    return field;
}

// Innermost objects first.

constexpr Field rotationFields[] = {integer("maxSize", Inert), integer("maxAge", Inert), integer("maxBackups", Inert),
                                    boolean("localTime", Inert), boolean("compress", Inert)};
constexpr Schema rotationSchema{rotationFields};

constexpr Field logFields[] = {text("output"), text("level"), text("format"),
                               object("rotation", rotationSchema, Inert)};
constexpr Schema logSchema{logFields};

constexpr Field loggerFields[] = {always(text("name")), object("log", logSchema, Inert)};
constexpr Schema loggerSchema{loggerFields};

constexpr Field authFields[] = {text("username"), text("password"), text("file")};
constexpr Schema authSchema{authFields};

constexpr Field profilingFields[] = {always(text("addr", Inert))};
constexpr Schema profilingSchema{profilingFields};

constexpr Field apiFields[] = {always(text("addr", Inert)), text("pathPrefix", Inert), boolean("accesslog", Inert),
                               object("auth", authSchema, Inert), text("auther", Inert)};
constexpr Schema apiSchema{apiFields};

constexpr Field metricsFields[] = {always(text("addr", Inert)), text("path", Inert), object("auth", authSchema, Inert),
                                   text("auther", Inert)};
constexpr Schema metricsSchema{metricsFields};

constexpr Field tlsOptionsFields[] = {text("minVersion"), text("maxVersion"), textList("cipherSuites"),
                                      textList("alpn")};
constexpr Schema tlsOptionsSchema{tlsOptionsFields};

constexpr Field tlsFields[] = {text("certFile"),       text("keyFile"),
                               text("caFile"),         boolean("secure"),
                               text("serverName"),     object("options", tlsOptionsSchema),
                               duration("validity"),   text("commonName"),
                               text("organization"),   boolean("rejectUnknownSNI"),
                               textList("serverNames")};
constexpr Schema tlsSchema{tlsFields};

constexpr Field pluginFields[] = {always(text("type", Inert)), always(text("addr", Inert)),
                                  object("tls", tlsSchema, Inert), duration("timeout", Inert), text("token", Inert)};
constexpr Schema pluginSchema{pluginFields};

constexpr Field fileFields[] = {always(text("path"))};
constexpr Schema fileSchema{fileFields};

constexpr Field redisLoaderFields[] = {always(text("addr", Inert)), integer("db", Inert), text("username", Inert),
                                       text("password", Inert),     text("key", Inert),   text("type", Inert)};
constexpr Schema redisLoaderSchema{redisLoaderFields};

constexpr Field httpLoaderFields[] = {always(text("url", Inert)), duration("timeout", Inert)};
constexpr Schema httpLoaderSchema{httpLoaderFields};

constexpr Field autherFields[] = {always(text("name")),
                                  objectList("auths", authSchema),
                                  duration("reload"),
                                  object("file", fileSchema),
                                  object("redis", redisLoaderSchema, Missing),
                                  object("http", httpLoaderSchema, Missing),
                                  object("plugin", pluginSchema, Missing)};
constexpr Schema autherSchema{autherFields};

constexpr Field selectorFields[] = {always(text("strategy")), always(integer("maxFails")),
                                    always(duration("failTimeout")), duration("maxLatency")};
constexpr Schema selectorSchema{selectorFields};

constexpr Field admissionFields[] = {always(text("name")),
                                     boolean("reverse"),
                                     boolean("whitelist"),
                                     textList("matchers"),
                                     duration("reload"),
                                     object("file", fileSchema),
                                     object("redis", redisLoaderSchema, Missing),
                                     object("http", httpLoaderSchema, Missing),
                                     object("plugin", pluginSchema, Missing)};
constexpr Schema admissionSchema{admissionFields};

constexpr Field bypassFields[] = {always(text("name")),
                                  boolean("reverse"),
                                  boolean("whitelist"),
                                  text("network"),
                                  textList("matchers"),
                                  duration("reload"),
                                  object("file", fileSchema),
                                  object("redis", redisLoaderSchema, Missing),
                                  object("http", httpLoaderSchema, Missing),
                                  object("plugin", pluginSchema, Missing)};
constexpr Schema bypassSchema{bypassFields};

constexpr Field nameserverFields[] = {always(text("addr")),    text("chain", Missing),    text("prefer"),
                                      text("clientIP", Inert), text("hostname", Missing), duration("ttl", Inert),
                                      duration("timeout"),     boolean("async", Inert),   text("only")};
constexpr Schema nameserverSchema{nameserverFields};

constexpr Field resolverFields[] = {always(text("name")), objectList("nameservers", nameserverSchema),
                                    object("plugin", pluginSchema, Missing)};
constexpr Schema resolverSchema{resolverFields};

constexpr Field mappingFields[] = {always(text("ip")), always(text("hostname")), textList("aliases", Inert)};
constexpr Schema mappingSchema{mappingFields};

constexpr Field hostsFields[] = {always(text("name")),
                                 objectList("mappings", mappingSchema),
                                 duration("reload"),
                                 object("file", fileSchema),
                                 object("redis", redisLoaderSchema, Missing),
                                 object("http", httpLoaderSchema, Missing),
                                 object("plugin", pluginSchema, Missing)};
constexpr Schema hostsSchema{hostsFields};

constexpr Field ingressRuleFields[] = {always(text("hostname", Inert)), always(text("endpoint", Inert))};
constexpr Schema ingressRuleSchema{ingressRuleFields};

constexpr Field ingressFields[] = {always(text("name")),
                                   objectList("rules", ingressRuleSchema, Inert),
                                   duration("reload", Inert),
                                   object("file", fileSchema, Inert),
                                   object("redis", redisLoaderSchema, Inert),
                                   object("http", httpLoaderSchema, Inert),
                                   object("plugin", pluginSchema, Inert)};
constexpr Schema ingressSchema{ingressFields};

constexpr Field pluginOnlyFields[] = {always(text("name")), object("plugin", pluginSchema, Inert)};
constexpr Schema pluginOnlySchema{pluginOnlyFields};

constexpr Field routeFields[] = {text("net", Inert), text("dst", Inert), always(text("gateway", Inert))};
constexpr Schema routeSchema{routeFields};

constexpr Field routerFields[] = {always(text("name")),
                                  objectList("routes", routeSchema, Inert),
                                  duration("reload", Inert),
                                  object("file", fileSchema, Inert),
                                  object("redis", redisLoaderSchema, Inert),
                                  object("http", httpLoaderSchema, Inert),
                                  object("plugin", pluginSchema, Inert)};
constexpr Schema routerSchema{routerFields};

constexpr Field fileRecorderFields[] = {always(text("path", Inert)), text("sep", Inert),
                                        object("rotation", rotationSchema, Inert)};
constexpr Schema fileRecorderSchema{fileRecorderFields};

constexpr Field tcpRecorderFields[] = {always(text("addr", Inert)), always(duration("timeout", Inert))};
constexpr Schema tcpRecorderSchema{tcpRecorderFields};

constexpr Field httpRecorderFields[] = {
    always(text("url", Inert)), duration("timeout", Inert), {"header", TextMap, nullptr, false, Inert}};
constexpr Schema httpRecorderSchema{httpRecorderFields};

constexpr Field recorderFields[] = {always(text("name")),
                                    object("file", fileRecorderSchema, Inert),
                                    object("tcp", tcpRecorderSchema, Inert),
                                    object("http", httpRecorderSchema, Inert),
                                    object("redis", redisLoaderSchema, Inert),
                                    object("plugin", pluginSchema, Inert)};
constexpr Schema recorderSchema{recorderFields};

constexpr Field recorderObjectFields[] = {always(text("name", Inert)), always(text("record", Inert)), metadata(Inert)};
constexpr Schema recorderObjectSchema{recorderObjectFields};

constexpr Field memoryCacheFields[] = {duration("ttl", Inert), integer("maxSize", Inert), integer("maxBytes", Inert),
                                       duration("cleanupInterval", Inert), text("eviction", Inert)};
constexpr Schema memoryCacheSchema{memoryCacheFields};

constexpr Field redisCacheFields[] = {always(text("addr", Inert)), integer("db", Inert),   text("username", Inert),
                                      text("password", Inert),     duration("ttl", Inert), text("key", Inert)};
constexpr Schema redisCacheSchema{redisCacheFields};

constexpr Field cacheFields[] = {always(text("name")), object("memory", memoryCacheSchema, Inert),
                                 object("redis", redisCacheSchema, Inert)};
constexpr Schema cacheSchema{cacheFields};

constexpr Field limiterFields[] = {always(text("name")),
                                   textList("limits", Inert),
                                   duration("reload", Inert),
                                   object("file", fileSchema, Inert),
                                   object("redis", redisLoaderSchema, Inert),
                                   object("http", httpLoaderSchema, Inert),
                                   object("plugin", pluginSchema, Inert)};
constexpr Schema limiterSchema{limiterFields};

constexpr Field quotaRedisFields[] = {always(text("addr", Inert)), integer("db", Inert), text("username", Inert),
                                      text("password", Inert), text("key", Inert)};
constexpr Schema quotaRedisSchema{quotaRedisFields};

constexpr Field quotaStoreFields[] = {always(text("type", Inert)), text("file", Inert),
                                      object("redis", quotaRedisSchema, Inert)};
constexpr Schema quotaStoreSchema{quotaStoreFields};

constexpr Field quotaStatusFields[] = {always(integer("used", Inert)),    always(integer("limit", Inert)),
                                       integer("startsAt", Inert),        integer("expiresAt", Inert),
                                       always(boolean("active", Inert)),  boolean("expired", Inert),
                                       always(boolean("blocked", Inert)), text("direction", Inert)};
constexpr Schema quotaStatusSchema{quotaStatusFields};

constexpr Field quotaFields[] = {always(text("name")),
                                 text("limit", Inert),
                                 text("startsAt", Inert),
                                 text("expiresAt", Inert),
                                 text("direction", Inert),
                                 text("flush", Inert),
                                 object("store", quotaStoreSchema, Inert),
                                 object("status", quotaStatusSchema, Inert)};
constexpr Schema quotaSchema{quotaFields};

constexpr Field matcherFields[] = {text("rule"), integer("priority"), named(integer("bodysize", Inert), "bodySize")};
constexpr Schema matcherSchema{matcherFields};

constexpr Field probeFields[] = {always(text("type", Inert)),
                                 {"addr", Text, nullptr, true, Inert, {}, {}, true},
                                 always(duration("interval", Inert)),
                                 always(duration("timeout", Inert)),
                                 text("httpPath", Inert),
                                 text("httpHost", Inert),
                                 {"httpHeaders", TextMap, nullptr, false, Inert},
                                 integer("expectedStatus", Inert),
                                 text("command", Inert)};
constexpr Schema probeSchema{probeFields};

constexpr Field chainEntryFields[] = {text("chain"), object("matcher", matcherSchema),
                                      object("probe", probeSchema, Inert)};
constexpr Schema chainEntrySchema{chainEntryFields};

constexpr Field chainGroupFields[] = {{"chains", ObjectList, &chainEntrySchema, false, Honoured, {}, "chain"},
                                      object("selector", selectorSchema)};
constexpr Schema chainGroupSchema{chainGroupFields};

constexpr Field listenerFields[] = {always(text("type")),
                                    text("chain"),
                                    object("chainGroup", chainGroupSchema),
                                    text("auther", Missing),
                                    textList("authers", Missing),
                                    object("auth", authSchema, Missing),
                                    object("tls", tlsSchema),
                                    metadata()};
constexpr Schema listenerSchema{listenerFields};

constexpr Field handlerFields[] = {always(text("type")),
                                   integer("retries"),
                                   text("chain"),
                                   object("chainGroup", chainGroupSchema),
                                   text("auther"),
                                   textList("authers"),
                                   object("auth", authSchema),
                                   object("tls", tlsSchema, Inert),
                                   text("limiter", Missing),
                                   text("observer", Inert),
                                   metadata()};
constexpr Schema handlerSchema{handlerFields};

constexpr Field filterFields[] = {text("host"), text("protocol"), text("path")};
constexpr Schema filterSchema{filterFields};

constexpr Field urlRewriteFields[] = {named(always(text("match", Inert)), "Match"),
                                      named(always(text("replacement", Inert)), "Replacement")};
constexpr Schema urlRewriteSchema{urlRewriteFields};

constexpr Field bodyRewriteFields[] = {
    named(always(text("type", Inert)), "Type"), named(always(text("match", Inert)), "Match"),
    named(always(text("replacement", Inert)), "Replacement"), text("rewriter", Inert), integer("maxChunkSize", Inert)};
constexpr Schema bodyRewriteSchema{bodyRewriteFields};

constexpr Field httpNodeFields[] = {text("host", Inert),
                                    {"header", TextMap, nullptr, false, Inert},
                                    {"requestHeader", TextMap, nullptr, false, Inert},
                                    {"responseHeader", TextMap, nullptr, false, Inert},
                                    objectList("rewrite", urlRewriteSchema, Inert),
                                    objectList("rewriteURL", urlRewriteSchema, Inert),
                                    objectList("rewriteBody", bodyRewriteSchema, Inert),
                                    objectList("rewriteRequestBody", bodyRewriteSchema, Inert),
                                    objectList("rewriteResponseBody", bodyRewriteSchema, Inert),
                                    text("failCodes", Inert),
                                    object("auth", authSchema, Inert)};
constexpr Schema httpNodeSchema{httpNodeFields};

constexpr Field tlsNodeFields[] = {text("serverName", Inert), boolean("secure", Inert),
                                   object("options", tlsOptionsSchema, Inert)};
constexpr Schema tlsNodeSchema{tlsNodeFields};

constexpr Field forwardNodeFields[] = {text("name"),
                                       text("addr"),
                                       text("network"),
                                       text("bypass"),
                                       textList("bypasses"),
                                       text("protocol", Inert),
                                       text("host", Inert),
                                       text("path", Inert),
                                       object("filter", filterSchema, Inert),
                                       object("matcher", matcherSchema, Inert),
                                       object("auth", authSchema, Inert),
                                       object("http", httpNodeSchema, Inert),
                                       object("tls", tlsNodeSchema, Inert),
                                       object("probe", probeSchema, Inert),
                                       metadata(Inert)};
constexpr Schema forwardNodeSchema{forwardNodeFields};

constexpr Field forwardHopFields[] = {text("hop", Inert), object("matcher", matcherSchema, Inert),
                                      object("probe", probeSchema, Inert)};
constexpr Schema forwardHopSchema{forwardHopFields};

constexpr Field hopGroupFields[] = {objectList("hops", forwardHopSchema, Inert),
                                    object("selector", selectorSchema, Inert)};
constexpr Schema hopGroupSchema{hopGroupFields};

constexpr Field forwarderFields[] = {text("name", Inert), text("hop", Inert), object("selector", selectorSchema),
                                     always(objectList("nodes", forwardNodeSchema)),
                                     object("hopGroup", hopGroupSchema, Inert)};
constexpr Schema forwarderSchema{forwarderFields};

constexpr Field sockoptsFields[] = {integer("mark")};
constexpr Schema sockoptsSchema{sockoptsFields};

constexpr Field eventFields[] = {always(integer("time", Inert)), always(text("msg", Inert))};
constexpr Schema eventSchema{eventFields};

constexpr Field statsFields[] = {always(integer("totalConns", Inert)), always(integer("currentConns", Inert)),
                                 always(integer("totalErrs", Inert)), always(integer("inputBytes", Inert)),
                                 always(integer("outputBytes", Inert))};
constexpr Schema statsSchema{statsFields};

constexpr Field serviceQuotaFields[] = {
    always(text("name", Inert)), always(integer("used", Inert)),    always(integer("limit", Inert)),
    integer("startsAt", Inert),  integer("expiresAt", Inert),       always(boolean("active", Inert)),
    boolean("expired", Inert),   always(boolean("blocked", Inert)), text("direction", Inert)};
constexpr Schema serviceQuotaSchema{serviceQuotaFields};

constexpr Field statusFields[] = {
    always(integer("createTime", Inert)),     always(text("state", Inert)),
    objectList("events", eventSchema, Inert), object("stats", statsSchema, Inert),
    boolean("stoppedByLimit", Inert),         objectList("quotas", serviceQuotaSchema, Inert)};
constexpr Schema statusSchema{statusFields};

constexpr Field serviceFields[] = {always(text("name")),
                                   text("addr"),
                                   text("interface"),
                                   object("sockopts", sockoptsSchema),
                                   text("admission"),
                                   textList("admissions"),
                                   text("bypass"),
                                   textList("bypasses"),
                                   text("resolver"),
                                   text("hosts"),
                                   text("limiter", Missing),
                                   textList("quotas", Missing),
                                   text("climiter", Missing),
                                   text("rlimiter", Missing),
                                   text("logger", Inert),
                                   textList("loggers", Inert),
                                   text("observer", Inert),
                                   text("rewriter", Inert),
                                   objectList("recorders", recorderObjectSchema, Inert),
                                   text("cache", Inert),
                                   object("handler", handlerSchema),
                                   object("listener", listenerSchema),
                                   object("forwarder", forwarderSchema),
                                   metadata(),
                                   object("status", statusSchema)};
constexpr Schema serviceSchema{serviceFields};

constexpr Field layerFields[] = {always(text("type")), object("auth", authSchema), object("tls", tlsSchema),
                                 metadata()};
constexpr Schema layerSchema{layerFields};

constexpr Field nodeFields[] = {always(text("name")),
                                text("addr"),
                                text("network"),
                                text("bypass"),
                                textList("bypasses"),
                                text("resolver"),
                                text("hosts"),
                                object("connector", layerSchema),
                                object("dialer", layerSchema),
                                text("interface"),
                                text("netns", Missing),
                                object("sockopts", sockoptsSchema),
                                object("filter", filterSchema),
                                object("matcher", matcherSchema),
                                object("http", httpNodeSchema, Inert),
                                object("tls", tlsNodeSchema, Inert),
                                object("probe", probeSchema, Inert),
                                metadata()};
constexpr Schema nodeSchema{nodeFields};

constexpr Field hopFields[] = {always(text("name")),
                               text("interface"),
                               object("sockopts", sockoptsSchema),
                               object("selector", selectorSchema),
                               text("bypass"),
                               textList("bypasses"),
                               text("resolver"),
                               text("hosts"),
                               objectList("nodes", nodeSchema),
                               duration("reload", Missing),
                               object("file", fileSchema, Missing),
                               object("redis", redisLoaderSchema, Missing),
                               object("http", httpLoaderSchema, Missing),
                               object("plugin", pluginSchema, Missing),
                               metadata()};
constexpr Schema hopSchema{hopFields};

constexpr Field chainFields[] = {always(text("name")), always(objectList("hops", hopSchema)), metadata()};
constexpr Schema chainSchema{chainFields};

constexpr Field documentFields[] = {always(objectList("services", serviceSchema)),
                                    objectList("chains", chainSchema),
                                    objectList("hops", hopSchema),
                                    objectList("authers", autherSchema),
                                    objectList("admissions", admissionSchema),
                                    objectList("bypasses", bypassSchema),
                                    objectList("resolvers", resolverSchema),
                                    objectList("hosts", hostsSchema),
                                    objectList("ingresses", ingressSchema, Inert),
                                    objectList("routers", routerSchema, Inert),
                                    objectList("sds", pluginOnlySchema, Inert),
                                    objectList("recorders", recorderSchema, Inert),
                                    objectList("rewriters", pluginOnlySchema, Inert),
                                    objectList("caches", cacheSchema, Inert),
                                    objectList("limiters", limiterSchema, Inert),
                                    objectList("quotas", quotaSchema, Inert),
                                    objectList("climiters", limiterSchema, Inert),
                                    objectList("rlimiters", limiterSchema, Inert),
                                    objectList("observers", pluginOnlySchema, Inert),
                                    objectList("loggers", loggerSchema, Inert),
                                    object("tls", tlsSchema, Inert),
                                    object("log", logSchema),
                                    object("profiling", profilingSchema, Inert),
                                    object("api", apiSchema, Inert),
                                    object("metrics", metricsSchema, Inert)};
constexpr Schema rootSchema{documentFields};

/// Number of insertions, deletions and substitutions between two words, letters in any case.
std::size_t editDistance(std::string_view left, std::string_view right)
{
    const std::string a = lowerCase(left);
    const std::string b = lowerCase(right);
    std::vector<std::size_t> row(b.size() + 1);
    for (std::size_t column = 0; column <= b.size(); ++column)
        row[column] = column;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        std::size_t diagonal = row[0];
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t substituted = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
            diagonal = row[j];
            row[j] = std::min({row[j] + 1, row[j - 1] + 1, substituted});
        }
    }
    return row[b.size()];
}

} // namespace

const Field *Schema::find(std::string_view name) const
{
    const auto found = std::find_if(fields.begin(), fields.end(),
                                    [name](const Field &field) { return equalIgnoringCase(field.name, name); });
    return found == fields.end() ? nullptr : &*found;
}

const Schema &documentSchema()
{
    return rootSchema;
}

std::string_view nearestWord(std::string_view word, std::span<const std::string_view> known)
{
    constexpr std::size_t longest = 24; // no key of GOST's has more letters
    if (word.size() > longest)
        return {};
    std::size_t best = word.size() <= 4 ? 2 : 3; // fewer edits than this
    std::string_view nearest;
    for (const std::string_view candidate : known) {
        const std::size_t distance = editDistance(word, candidate);
        if (distance < best) {
            best = distance;
            nearest = candidate;
        }
    }
    return nearest;
}

} // namespace sluice::config
