// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
//
// The list of dialers. A new one is a line here and a maker in dialers.h.
#include "daemon/dialer/dialers.h"

#include <array>

namespace sluice::dialer {

namespace {

struct Entry
{
    std::string_view name;
    Result<DialerPtr> (*make)(const config::LayerConfig &, const std::string &nodeHost);
};

constexpr std::array<Entry, 3> builtins{{
    {"direct", makeTcpDialer}, // of a node that has no address: the stream is whatever the connector makes it
    {"tcp", makeTcpDialer},
    {"tls", makeTlsDialer},
}};

} // namespace

Result<DialerPtr> makeDialer(const config::LayerConfig &layer, const std::string &nodeHost)
{
    std::string names;
    for (const Entry &entry : builtins) {
        if (entry.name == layer.type)
            return entry.make(layer, nodeHost).in("dialer " + layer.type);
        names += (names.empty() ? "" : ", ") + std::string(entry.name);
    }
    return Error{ErrorCode::InvalidConfig, "there is no dialer '" + layer.type + "'; known are " + names, 0};
}

} // namespace sluice::dialer
