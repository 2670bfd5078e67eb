// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/policy/bypass.h"

#include <algorithm>

namespace sluice::policy {

namespace {

constexpr std::string_view addressCharacters = "0123456789abcdef:.";
constexpr std::string_view nameCharacters = "abcdefghijklmnopqrstuvwxyz0123456789-_.";

bool consistsOf(std::string_view text, std::string_view characters)
{
    return text.find_first_not_of(characters) == std::string_view::npos;
}

/// Splits "host", "host:ports", "[v6]" and "[v6]:ports"; false if the ports are none.
bool splitPorts(std::string_view pattern, std::string_view &host, PortRange &ports)
{
    std::size_t colon = std::string_view::npos;
    if (pattern.starts_with('[')) {
        const auto close = pattern.find(']');
        if (close == std::string_view::npos)
            return false;
        host = pattern.substr(1, close - 1);
        if (close + 1 == pattern.size())
            return true;
        colon = close + 1;
        if (pattern[colon] != ':')
            return false;
    } else {
        colon = pattern.rfind(':');
        host = pattern.substr(0, colon);
        if (colon == std::string_view::npos)
            return true;
    }
    const auto range = PortRange::parse(pattern.substr(colon + 1));
    if (range)
        ports = *range;
    return range.has_value();
}

} // namespace

Bypass::Bypass(const config::BypassConfig &config, const std::vector<std::string> &fileLines)
    : m_isWhitelist(config.isWhitelist)
{
    if (config.network == networkName(Network::Tcp))
        m_network = Network::Tcp;
    else if (config.network == networkName(Network::Udp))
        m_network = Network::Udp;
    else
        m_isForUnknownNetwork = !config.network.empty();

    std::vector<AddressRange> ranges;
    for (const auto *patterns : {&config.matchers, &fileLines}) {
        for (const std::string &pattern : *patterns) {
            const std::string folded = foldName(pattern);
            if (folded.empty())
                continue;
            m_isEmpty = false;
            if (!add(folded, ranges))
                m_unusable.push_back(pattern);
        }
    }
    m_addresses = AddressSet(std::move(ranges));
    std::stable_sort(m_addressPorts.begin(), m_addressPorts.end(),
                     [](const auto &a, const auto &b) { return a.address < b.address; });
}

bool Bypass::add(std::string_view pattern, std::vector<AddressRange> &ranges)
{
    if (const auto range = AddressRange::parse(pattern)) {
        ranges.push_back(*range);
        return true;
    }
    std::string_view host;
    PortRange ports;
    if (!splitPorts(pattern, host, ports) || host.empty())
        return false;
    if (const auto address = IpAddress::parse(host)) {
        if (ports.isAll())
            ranges.push_back({*address, *address});
        else
            m_addressPorts.push_back({*address, ports});
        return true;
    }
    return addName(foldName(host), ports);
}

bool Bypass::addName(std::string name, PortRange ports)
{
    const bool isDomain = name.starts_with('.');
    const bool isBelow = name.starts_with("*.");
    const std::string_view rest = std::string_view(name).substr(isBelow ? 2 : isDomain ? 1 : 0);
    const std::string_view lastLabel = rest.substr(rest.rfind('.') + 1);
    const bool isPlain = !lastLabel.empty() && consistsOf(rest, nameCharacters) && !rest.starts_with('.');
    if (isPlain && !isBelow && consistsOf(lastLabel, "0123456789")) // a misspelt address: no name ends like this
        return false;
    // "*.10" could mean addresses, so it stays a glob; almost all other globs are "*.domain" and need only a look-up.
    if (isPlain && (!isBelow || !consistsOf(rest, addressCharacters))) {
        NamePorts &entry = m_names[std::string(rest)];
        if (!isBelow)
            entry.exact.insert(ports);
        if (isDomain || isBelow)
            entry.below.insert(ports);
        return true;
    }
    if (name.find_first_of("*?") == std::string::npos || !consistsOf(name, std::string(nameCharacters) + ":*?"))
        return false;
    Glob glob{std::move(name), ports, false};
    glob.mayMatchAddress = consistsOf(glob.pattern, std::string(addressCharacters) + "*?");
    m_hasAddressGlobs |= glob.mayMatchAddress;
    // A glob with letters or a lone star may match a name; one with a colon cannot.
    m_hasNameGlobs |= glob.pattern.find(':') == std::string::npos;
    m_globs.push_back(std::move(glob));
    return true;
}

bool Bypass::appliesTo(Network network) const
{
    if (m_isForUnknownNetwork || (m_network && *m_network != network))
        return false;
    // An empty blacklist with a network means all of that network; any other empty list means nothing.
    return !m_isEmpty || (m_network && !m_isWhitelist);
}

bool Bypass::matches(const Destination &destination) const
{
    if (m_isEmpty)
        return m_network && !m_isWhitelist;
    if (destination.address && matchesAddress(*destination.address, destination.port))
        return true;
    if (destination.name.empty())
        return false;
    if (consistsOf(destination.name, addressCharacters)) {
        if (const auto literal = IpAddress::parse(destination.name))
            return matchesAddress(*literal, destination.port);
    }
    return matchesName(destination.name, destination.port);
}

bool Bypass::matchesAddress(const IpAddress &address, std::uint16_t port) const
{
    if (m_addresses.contains(address))
        return true;
    auto entry =
        std::lower_bound(m_addressPorts.begin(), m_addressPorts.end(), address,
                         [](const AddressPorts &item, const IpAddress &value) { return item.address < value; });
    for (; entry != m_addressPorts.end() && entry->address == address; ++entry) {
        if (entry->ports.contains(port))
            return true;
    }
    if (!m_hasAddressGlobs)
        return false;
    const std::string text = address.toString();
    return std::any_of(m_globs.begin(), m_globs.end(), [&](const Glob &glob) {
        return glob.mayMatchAddress && glob.ports.contains(port) && matchesGlob(glob.pattern, text);
    });
}

bool Bypass::matchesName(std::string_view name, std::uint16_t port) const
{
    if (!m_names.empty()) {
        const auto entry = m_names.find(name);
        if (entry != m_names.end() && entry->second.exact.contains(port))
            return true;
        if (forEachParent(m_names, name, [port](const NamePorts &parent) { return parent.below.contains(port); }))
            return true;
    }
    return std::any_of(m_globs.begin(), m_globs.end(),
                       [&](const Glob &glob) { return glob.ports.contains(port) && matchesGlob(glob.pattern, name); });
}

Decision BypassGroup::decide(const Destination &destination) const
{
    bool hasWhitelist = false;
    bool isWhitelisted = false;
    bool mayNameHelp = false;
    for (const auto &list : m_lists) {
        if (!list->appliesTo(destination.network))
            continue;
        const bool isMatch = list->matches(destination);
        if (list->isWhitelist()) {
            hasWhitelist = true;
            isWhitelisted |= isMatch;
            mayNameHelp |= list->hasNamePatterns();
        } else if (isMatch) {
            return Decision::Refuse;
        }
    }
    if (!hasWhitelist || isWhitelisted)
        return Decision::Allow;
    return mayNameHelp && destination.name.empty() ? Decision::NeedName : Decision::Refuse;
}

} // namespace sluice::policy
