// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/policy/admission.h"

#include "daemon/policy/name_set.h"

#include <algorithm>
#include <utility>

namespace sluice::policy {

Admission::Admission(const config::AdmissionConfig &config, const std::vector<std::string> &fileLines)
    : m_isWhitelist(config.isWhitelist)
{
    std::vector<AddressRange> ranges;
    for (const auto *patterns : {&config.matchers, &fileLines}) {
        for (const std::string &pattern : *patterns) {
            if (const auto range = AddressRange::parse(foldName(pattern)))
                ranges.push_back(*range);
            else
                m_unusable.push_back(pattern);
        }
    }
    m_clients = AddressSet(std::move(ranges));
}

bool AdmissionGroup::admits(const IpAddress &client) const
{
    return std::all_of(m_lists.begin(), m_lists.end(), [&client](const auto &list) { return list->admits(client); });
}

} // namespace sluice::policy
