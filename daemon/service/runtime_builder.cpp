// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/service/runtime_builder.h"

#include "daemon/policy/file_list.h"

#include <algorithm>
#include <map>

namespace sluice::service {

namespace {

using config::Config;
using config::ServiceConfig;

/// Makes the objects of one configuration, each once.
class Builder
{
public:
    Builder(const Config &config, const BuildOptions &options, const std::vector<ServiceRuntimePtr> &previous)
        : m_config(config), m_options(options), m_previous(previous)
    {}

    Result<std::vector<ServiceRuntimePtr>> build();

private:
    Result<void> buildLists();
    Result<std::unique_ptr<ServiceRuntime>> buildService(const ServiceConfig &service);
    Result<chain::ChainPtr> buildChain(const std::string &name, std::uint32_t serviceMark);
    Result<chain::Hop> buildHop(const config::ChainConfig &chain, const config::HopConfig &hop, std::uint32_t serviceMark);
    Result<chain::Node> buildNode(const config::NodeConfig &node, std::uint32_t serviceMark);
    [[nodiscard]] std::shared_ptr<chain::NodeHealth> previousHealth(const std::string &chainName, const std::string &hopName,
                                                                    const chain::Node &node) const;
    [[nodiscard]] policy::BypassGroup bypassGroup(const config::NameList &names) const;
    [[nodiscard]] std::uint32_t firstNodeMark(const ServiceConfig &service) const;
    [[nodiscard]] handler::Credentials credentials(const config::HandlerConfig &handler) const;
    [[nodiscard]] std::shared_ptr<ServiceStats> statsOf(const std::string &name) const;

    template <typename T>
    static std::shared_ptr<const T> find(const std::map<std::string, std::shared_ptr<const T>> &objects, const std::string &name)
    {
        const auto found = objects.find(name);
        return found == objects.end() ? nullptr : found->second;
    }

    const Config &m_config;
    const BuildOptions &m_options;
    const std::vector<ServiceRuntimePtr> &m_previous;
    std::map<std::string, std::shared_ptr<const policy::Bypass>> m_bypasses;
    std::map<std::string, std::shared_ptr<const policy::Admission>> m_admissions;
    std::map<std::string, std::shared_ptr<const policy::Hosts>> m_hosts;
    std::map<std::string, dns::ResolverSettingsPtr> m_resolvers;
    std::map<std::string, handler::Credentials> m_authers;
    std::map<std::string, std::shared_ptr<chain::NodeHealth>> m_health; ///< one per node, whichever services use it
};

bool isTransparentType(const std::string &type)
{
    return type == "red" || type == "redir" || type == "redirect";
}

Result<std::vector<std::string>> fileLines(const std::optional<config::FileLoaderConfig> &file)
{
    if (!file)
        return std::vector<std::string>{};
    return policy::readListFile(file->path);
}

Result<dns::Nameserver> nameserverOf(const config::NameserverConfig &config)
{
    dns::Nameserver server;
    std::string address = config.addr;
    if (const auto scheme = address.find("://"); scheme != std::string::npos) {
        const std::string name = address.substr(0, scheme);
        address.erase(0, scheme + 3);
        if (name == "tcp")
            server.transport = dns::Transport::Tcp;
        else if (name != "udp")
            return Error{ErrorCode::Unsupported, "nameserver " + config.addr + ": Sluice asks over udp:// and tcp:// only", 0};
    }
    const HostPort parts = HostPort::split(address);
    const auto literal = IpAddress::parse(parts.host);
    const auto port = parts.port.empty() ? std::optional<std::uint16_t>(53) : parts.portNumber();
    if (!literal || !port)
        return Error{ErrorCode::InvalidConfig, "nameserver '" + config.addr + "' is no IP address with an optional port", 0};
    server.address = {*literal, *port};
    if (config.timeout.count() > 0)
        server.timeout = config.timeout;
    if (config.only == "ipv4")
        server.preference = dns::Preference::Ipv4Only;
    else if (config.only == "ipv6")
        server.preference = dns::Preference::Ipv6Only;
    else if (config.prefer == "ipv6")
        server.preference = dns::Preference::Ipv6First;
    return server;
}

Result<std::vector<ServiceRuntimePtr>> Builder::build()
{
    if (auto lists = buildLists(); !lists)
        return std::move(lists).error();
    std::vector<std::unique_ptr<ServiceRuntime>> made;
    for (const ServiceConfig &service : m_config.services) {
        auto runtime = buildService(service);
        if (!runtime)
            return std::move(runtime).in("service " + service.name).error();
        made.push_back(std::move(*runtime));
    }
    for (const auto &service : made) {
        service->neverDial = service->listensAt;
        for (const auto &other : made) {
            if (other != service && other->destination != Destination::Asked)
                service->neverDial.insert(service->neverDial.end(), other->listensAt.begin(), other->listensAt.end());
        }
    }
    return std::vector<ServiceRuntimePtr>(std::make_move_iterator(made.begin()), std::make_move_iterator(made.end()));
}

Result<void> Builder::buildLists()
{
    for (const auto &bypass : m_config.bypasses) {
        auto lines = fileLines(bypass.file);
        if (!lines)
            return std::move(lines).in("bypass " + bypass.name).error();
        m_bypasses[bypass.name] = std::make_shared<policy::Bypass>(bypass, *lines);
    }
    for (const auto &admission : m_config.admissions) {
        auto lines = fileLines(admission.file);
        if (!lines)
            return std::move(lines).in("admission " + admission.name).error();
        m_admissions[admission.name] = std::make_shared<policy::Admission>(admission, *lines);
    }
    for (const auto &hosts : m_config.hosts) {
        auto lines = fileLines(hosts.file);
        if (!lines)
            return std::move(lines).in("hosts " + hosts.name).error();
        m_hosts[hosts.name] = std::make_shared<policy::Hosts>(hosts, *lines);
    }
    for (const auto &resolver : m_config.resolvers) {
        dns::ResolverSettings settings{resolver.name, {}};
        for (const auto &nameserver : resolver.nameservers) {
            auto server = nameserverOf(nameserver);
            if (!server)
                return std::move(server).in("resolver " + resolver.name).error();
            settings.nameservers.push_back(std::move(*server));
        }
        m_resolvers[resolver.name] = std::make_shared<dns::ResolverSettings>(std::move(settings));
    }
    for (const auto &auther : m_config.authers) {
        handler::Credentials accepted = auther.auths;
        auto lines = fileLines(auther.file);
        if (!lines)
            return std::move(lines).in("auther " + auther.name).error();
        for (const std::string &line : *lines) {
            const auto blank = line.find_first_of(" \t");
            const auto password = line.find_first_not_of(" \t", blank);
            accepted.push_back({line.substr(0, blank), password == std::string::npos ? "" : line.substr(password), {}});
        }
        if (accepted.empty()) // no users would mean no question
            return Error{ErrorCode::InvalidConfig, "auther " + auther.name + " has no user, so nobody could log in; add one or remove the auther", 0};
        m_authers[auther.name] = std::move(accepted);
    }
    return {};
}

Result<std::unique_ptr<ServiceRuntime>> Builder::buildService(const ServiceConfig &service)
{
    auto runtime = std::make_unique<ServiceRuntime>();
    runtime->name = service.name;
    runtime->handlerType = service.handler.type;
    runtime->listenerType = service.listener.type;
    runtime->stats = statsOf(service.name);

    if (service.handler.type == "redu" || service.listener.type == "redu")
        return Error{ErrorCode::Unsupported, "sluiced does not take UDP (redu) yet; take the service out of the configuration", 0};
    const auto &handler = service.handler.metadata;
    if (isTransparentType(service.handler.type)) {
        const bool isTproxy = handler.boolean({"tproxy"}).value_or(false)
                              || service.listener.metadata.boolean({"tproxy"}).value_or(false);
        runtime->destination = isTproxy ? Destination::Tproxy : Destination::Redirected;
    }
    runtime->sniffing.isOn = runtime->destination != Destination::Asked && handler.boolean({"sniffing"}).value_or(false);
    runtime->sniffing.hasFallback = handler.boolean({"sniffing.fallback"}).value_or(false);
    runtime->sniffing.dialsOriginal = handler.boolean({"sniffing.dialoriginaldst"}).value_or(false);
    runtime->sniffing.timeout = handler.duration({"sniffing.timeout"}).value_or(Duration{0});

    auto endpoints = net::listenEndpoints(service.addr);
    if (!endpoints)
        return std::move(endpoints).error();
    runtime->listensAt = std::move(*endpoints);
    std::uint32_t mark = service.mark.value_or(m_options.guardMark);
    runtime->listenOptions.isTransparent = runtime->destination == Destination::Tproxy;
    if (runtime->destination != Destination::Asked) {
        if (mark == 0) // what a bypass sends directly must not be diverted again either
            mark = firstNodeMark(service);
        runtime->listenOptions.mark = mark;
    }

    auto made = handler::makeHandler(service.handler, credentials(service.handler));
    if (!made)
        return std::move(made).error();
    runtime->handler = std::move(*made);
    if (service.listener.type == "tls") {
        auto tls = stream::TlsServerContext::create(service.listener.tls.value_or(config::TlsConfig{}));
        if (!tls)
            return std::move(tls).error();
        runtime->tls = std::move(*tls);
    }

    runtime->bypasses = bypassGroup(service.bypasses);
    std::vector<std::shared_ptr<const policy::Admission>> admissions;
    for (const std::string &name : service.admissions)
        admissions.push_back(find(m_admissions, name));
    std::erase(admissions, nullptr);
    runtime->admissions = policy::AdmissionGroup(std::move(admissions));
    runtime->hosts = find(m_hosts, service.hosts);
    runtime->resolver = find(m_resolvers, service.resolver);
    runtime->direct = {mark, service.interface};
    constexpr int maxRetries = 100; // each may fail at once, within the one before
    runtime->retries = std::clamp(service.handler.retries, 0, maxRetries);
    runtime->dialTimeout = service.dialTimeout.value_or(Duration{0});

    std::vector<std::string> chainNames;
    if (!service.handler.chain.empty())
        chainNames.push_back(service.handler.chain);
    if (service.handler.chainGroup) {
        for (const auto &reference : service.handler.chainGroup->chains)
            chainNames.push_back(reference.name);
    }
    for (const std::string &name : chainNames) {
        auto chain = buildChain(name, mark);
        if (!chain)
            return std::move(chain).error();
        runtime->chains.push_back(std::move(*chain));
    }
    return runtime;
}

Result<chain::ChainPtr> Builder::buildChain(const std::string &name, std::uint32_t serviceMark)
{
    const auto found = std::find_if(m_config.chains.begin(), m_config.chains.end(),
                                    [&name](const config::ChainConfig &chain) { return chain.name == name; });
    if (found == m_config.chains.end()) // GOST connects directly then, which is a leak
        return Error{ErrorCode::InvalidConfig, "there is no chain '" + name + "'", 0};
    auto chain = std::make_shared<chain::Chain>();
    chain->name = name;
    for (const config::HopConfig &hop : found->hops) {
        auto built = buildHop(*found, hop, serviceMark);
        if (!built)
            return std::move(built).in("chain " + name + ": hop " + hop.name).error();
        chain->hops.push_back(std::move(*built));
    }
    return chain::ChainPtr(std::move(chain));
}

Result<chain::Hop> Builder::buildHop(const config::ChainConfig &chain, const config::HopConfig &config, std::uint32_t serviceMark)
{
    chain::Hop hop;
    hop.name = config.name;
    hop.bypass = bypassGroup(config.bypasses);
    const config::SelectorConfig selector = config.selector.value_or(config::SelectorConfig{});
    hop.strategy = chain::strategyNamed(selector.strategy);
    for (const config::NodeConfig &nodeConfig : config.nodes) {
        auto built = buildNode(nodeConfig, serviceMark);
        if (!built)
            return std::move(built).error().in("node " + nodeConfig.name);
        chain::Node node = std::move(*built);
        const auto number = [&nodeConfig](std::string_view key, int otherwise) {
            return static_cast<int>(nodeConfig.metadata.integer({key}).value_or(otherwise));
        };
        node.failLimits.maxFails = number("maxfails", selector.maxFails);
        node.failLimits.failTimeout = nodeConfig.metadata.duration({"failtimeout"}).value_or(selector.failTimeout);
        node.weight = number("weight", 1);
        node.isBackup = nodeConfig.metadata.boolean({"backup"}).value_or(false);
        auto &health = m_health[chain.name + '/' + config.name + '/' + nodeConfig.name + '/' + nodeConfig.addr];
        if (health == nullptr)
            health = previousHealth(chain.name, config.name, node);
        node.health = health;
        hop.nodes.push_back(std::move(node));
    }
    return hop;
}

/// A node that a reload keeps stays as healthy or ill as it was.
std::shared_ptr<chain::NodeHealth> Builder::previousHealth(const std::string &chainName, const std::string &hopName,
                                                           const chain::Node &node) const
{
    for (const ServiceRuntimePtr &service : m_previous) {
        for (const chain::ChainPtr &chain : service->chains) {
            if (chain->name != chainName)
                continue;
            for (const chain::Hop &hop : chain->hops) {
                for (const chain::Node &old : hop.nodes) {
                    if (hop.name == hopName && old.name == node.name && old.address == node.address)
                        return old.health;
                }
            }
        }
    }
    return std::make_shared<chain::NodeHealth>();
}

Result<chain::Node> Builder::buildNode(const config::NodeConfig &config, std::uint32_t serviceMark)
{
    chain::Node node;
    node.name = config.name;
    const HostPort parts = HostPort::split(config.addr);
    const auto port = parts.portNumber();
    if (!port)
        return Error{ErrorCode::InvalidConfig, "address '" + config.addr + "' has no port; write host:port", 0};
    node.address = {parts.host.empty() ? "127.0.0.1" : parts.host, *port};
    node.socket = {config.mark.value_or(serviceMark), config.interface};
    auto connector = connector::makeConnector(config.connector);
    if (!connector)
        return std::move(connector).error();
    node.connector = std::move(*connector);
    auto dialer = dialer::makeDialer(config.dialer, node.address.host);
    if (!dialer)
        return std::move(dialer).error();
    node.dialer = std::move(*dialer);
    node.resolver = find(m_resolvers, config.resolver);
    node.hosts = find(m_hosts, config.hosts);
    node.bypass = bypassGroup(config.bypasses);
    if (config.matcher && !config.matcher->rule.empty()) {
        auto matcher = chain::Matcher::parse(config.matcher->rule);
        if (!matcher)
            return std::move(matcher).error();
        node.matcher = std::move(*matcher);
        node.priority = chain::effectivePriority(*config.matcher);
    }
    if (config.filter)
        node.filter.emplace(*config.filter);
    return node;
}

policy::BypassGroup Builder::bypassGroup(const config::NameList &names) const
{
    std::vector<std::shared_ptr<const policy::Bypass>> lists;
    for (const std::string &name : names)
        lists.push_back(find(m_bypasses, name));
    std::erase(lists, nullptr); // the configuration check has refused missing ones
    return policy::BypassGroup(std::move(lists));
}

/// Answers of a transparent listener must not be intercepted either; where only the chain has a mark, that one serves.
std::uint32_t Builder::firstNodeMark(const ServiceConfig &service) const
{
    for (const config::ChainConfig &chain : m_config.chains) {
        const bool isUsed = chain.name == service.handler.chain
                            || (service.handler.chainGroup
                                && std::any_of(service.handler.chainGroup->chains.begin(), service.handler.chainGroup->chains.end(),
                                               [&chain](const config::ChainRef &used) { return used.name == chain.name; }));
        if (!isUsed || chain.hops.empty())
            continue;
        for (const config::NodeConfig &node : chain.hops.front().nodes) {
            if (node.mark)
                return *node.mark;
        }
    }
    return 0;
}

handler::Credentials Builder::credentials(const config::HandlerConfig &handler) const
{
    handler::Credentials accepted;
    if (handler.auth && !handler.auth->username.empty())
        accepted.push_back(*handler.auth);
    for (const std::string &name : handler.authers) {
        if (const auto found = m_authers.find(name); found != m_authers.end())
            accepted.insert(accepted.end(), found->second.begin(), found->second.end());
    }
    return accepted;
}

std::shared_ptr<ServiceStats> Builder::statsOf(const std::string &name) const
{
    for (const ServiceRuntimePtr &service : m_previous) {
        if (service->name == name)
            return service->stats;
    }
    return std::make_shared<ServiceStats>();
}

} // namespace

Result<std::vector<ServiceRuntimePtr>> buildServices(const Config &config, const BuildOptions &options,
                                                     const std::vector<ServiceRuntimePtr> &previous)
{
    return Builder(config, options, previous).build();
}

} // namespace sluice::service
