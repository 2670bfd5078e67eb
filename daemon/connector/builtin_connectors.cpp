// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
//
// The list of connectors. A new one is a line here and a maker in connectors.h.
#include "daemon/connector/connectors.h"

#include <array>

namespace sluice::connector {

namespace {

/// No protocol: whatever the node forwards to is the target.
class PlainConnector final : public Connector
{
public:
    [[nodiscard]] stream::HandshakePtr connect(stream::StreamPtr toNode, const ConnectRequest &) const override
    {
        return std::make_unique<stream::NoHandshake>(std::move(toNode));
    }
};

Result<ConnectorPtr> makePlainConnector(const config::LayerConfig &)
{
    return ConnectorPtr(std::make_unique<PlainConnector>());
}

struct Entry
{
    std::string_view name;
    Result<ConnectorPtr> (*make)(const config::LayerConfig &);
};

constexpr std::array<Entry, 8> builtins{{
    {"direct", makePlainConnector},
    {"forward", makePlainConnector},
    {"http", makeHttpConnector},
    {"relay", makeRelayConnector},
    {"socks", makeSocks5Connector},
    {"socks4", makeSocks4Connector},
    {"socks4a", makeSocks4Connector},
    {"socks5", makeSocks5Connector},
}};

} // namespace

Result<ConnectorPtr> makeConnector(const config::LayerConfig &layer)
{
    std::string names;
    for (const Entry &entry : builtins) {
        if (entry.name == layer.type)
            return entry.make(layer).in("connector " + layer.type);
        names += (names.empty() ? "" : ", ") + std::string(entry.name);
    }
    return Error{ErrorCode::InvalidConfig, "there is no connector '" + layer.type + "'; known are " + names, 0};
}

} // namespace sluice::connector
