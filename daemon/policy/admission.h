// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
//
// GOST's admissions, compiled: which clients may use a service, by their address.
#pragma once

#include "daemon/config/config.h"
#include "daemon/policy/address_set.h"

#include <memory>
#include <string>
#include <vector>

namespace sluice::policy {

/// One list of addresses and prefixes. Immutable; shared by services, replaced as a whole on reload.
/// Thread: any.  Errors: none; patterns that are no addresses are listed for the user.
class Admission
{
public:
    /// `fileLines` are the lines of `config.file` (file_list.h), which the caller reads.
    explicit Admission(const config::AdmissionConfig &config, const std::vector<std::string> &fileLines = {});

    /// A blacklist admits who is not on it, a whitelist who is: an empty whitelist admits nobody.
    [[nodiscard]] bool admits(const IpAddress &client) const { return m_clients.contains(client) == m_isWhitelist; }
    [[nodiscard]] const std::vector<std::string> &unusablePatterns() const { return m_unusable; }

private:
    bool m_isWhitelist = false;
    AddressSet m_clients;
    std::vector<std::string> m_unusable;
};

/// The admissions of one service: all must admit. Immutable. Thread: any.
class AdmissionGroup
{
public:
    AdmissionGroup() = default; ///< admits everybody
    explicit AdmissionGroup(std::vector<std::shared_ptr<const Admission>> lists)
        : m_lists(std::move(lists))
    {
    }

    [[nodiscard]] bool admits(const IpAddress &client) const;

private:
    std::vector<std::shared_ptr<const Admission>> m_lists; ///< shared with other services that name the same list
};

} // namespace sluice::policy
