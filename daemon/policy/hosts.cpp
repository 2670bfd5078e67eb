// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/policy/hosts.h"

namespace sluice::policy {

namespace {

/// The words of a line, parted by blanks.
std::vector<std::string_view> wordsOf(std::string_view line)
{
    constexpr std::string_view blanks = " \t\r";
    std::vector<std::string_view> words;
    for (auto start = line.find_first_not_of(blanks); start != std::string_view::npos;
         start = line.find_first_not_of(blanks, start)) {
        const auto end = std::min(line.find_first_of(blanks, start), line.size());
        words.push_back(line.substr(start, end - start));
        start = end;
    }
    return words;
}

} // namespace

Hosts::Hosts(const config::HostsConfig &config, const std::vector<std::string> &fileLines)
{
    for (const config::HostMapping &mapping : config.mappings) {
        const auto address = IpAddress::parse(mapping.ip);
        if (!address || !add(mapping.hostname, *address)) {
            m_unusable.push_back(mapping.ip + " " + mapping.hostname);
            continue;
        }
        for (const std::string &alias : mapping.aliases)
            add(alias, *address);
    }
    for (const std::string &line : fileLines) {
        const auto words = wordsOf(line);
        const auto address = words.size() > 1 ? IpAddress::parse(words.front()) : std::nullopt;
        if (!address) {
            m_unusable.push_back(line);
            continue;
        }
        for (const std::string_view name : std::span(words).subspan(1))
            add(name, *address);
    }
}

bool Hosts::add(std::string_view name, const IpAddress &address)
{
    const std::string folded = foldName(name);
    if (folded.empty())
        return false;
    if (folded == ".")
        m_others.push_back(address);
    else if (folded.starts_with('.'))
        m_names[folded.substr(1)].below.push_back(address);
    else
        m_names[folded].exact.push_back(address);
    return true;
}

std::span<const IpAddress> Hosts::lookup(std::string_view name) const
{
    if (const auto entry = m_names.find(name); entry != m_names.end()) {
        if (!entry->second.exact.empty())
            return entry->second.exact;
        if (!entry->second.below.empty())
            return entry->second.below;
    }
    std::span<const IpAddress> addresses = m_others;
    forEachParent(m_names, name, [&addresses](const Entry &parent) {
        if (!parent.below.empty())
            addresses = parent.below;
        return !parent.below.empty();
    });
    return addresses;
}

} // namespace sluice::policy
