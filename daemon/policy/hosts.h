// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
//
// GOST's hosts, compiled: names that have fixed addresses and are not asked of any resolver.
#pragma once

#include "daemon/config/config.h"
#include "daemon/policy/name_set.h"
#include "helper/base/ip_address.h"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::policy {

/// "name" maps that name, ".domain" the domain and all below it, a lone "." all the rest; the nearest wins.
/// Immutable; replaced as a whole on reload. Thread: any.  Errors: none; unusable lines are listed for the user.
class Hosts
{
public:
    /// `fileLines` ("IP name [name…]") are the lines of `config.file` (file_list.h), which the caller reads.
    explicit Hosts(const config::HostsConfig &config, const std::vector<std::string> &fileLines = {});

    /// The addresses of a normalised name in the order of the configuration; empty if it is not mapped. Aliases count
    /// as names, unlike in GOST, where they do nothing.
    [[nodiscard]] std::span<const IpAddress> lookup(std::string_view name) const;
    [[nodiscard]] const std::vector<std::string> &unusableMappings() const { return m_unusable; }

private:
    struct Entry
    {
        std::vector<IpAddress> exact; ///< for the name itself
        std::vector<IpAddress> below; ///< for the domain with all below it
    };

    bool add(std::string_view name, const IpAddress &address);

    NameMap<Entry> m_names;
    std::vector<IpAddress> m_others; ///< of the lone "."
    std::vector<std::string> m_unusable;
};

} // namespace sluice::policy
