// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
//
// A connector that talks to a scripted node over a socket pair.
#pragma once

#include "daemon/connector/connector.h"
#include "tests/support/bytes.h"
#include "tests/support/handshake_outcome.h"
#include "tests/support/loop_fixture.h"

namespace sluice::test {

[[nodiscard]] inline config::LayerConfig layer(const std::string &type, const std::string &user = {},
                                               const std::string &password = {})
{
    config::LayerConfig config;
    config.type = type;
    if (!user.empty())
        config.auth = config::AuthConfig{user, password, {}};
    return config;
}

[[nodiscard]] inline config::LayerConfig with(config::LayerConfig config, std::string_view key, bool value)
{
    config.metadata.set(key, {value});
    return config;
}

[[nodiscard]] inline connector::ConnectorPtr made(const config::LayerConfig &config)
{
    auto result = connector::makeConnector(config);
    return result ? *std::move(result) : nullptr;
}

/// Why a configuration is refused; empty when it is not.
[[nodiscard]] inline std::string trouble(const config::LayerConfig &config)
{
    auto result = connector::makeConnector(config);
    return result ? "" : result.error().message;
}

/// One request through one connector. `node` is the other end: what it received, what it is to say.
struct Dial
{
    explicit Dial(const config::LayerConfig &config)
        : connector(made(config))
        , connection(fixture)
        , node(*connection.peer)
    {
    }

    void start(const connector::Target &target, std::string_view early = {})
    {
        outcome.start(connector->connect(std::move(connection.stream), {target, stream::bytesOf(early), &earlySent}));
    }
    [[nodiscard]] bool nodeHas(std::size_t count)
    {
        return fixture.runUntil([&] { return node.received.size() >= count; });
    }
    [[nodiscard]] bool ends()
    {
        return fixture.runUntil([&] { return outcome.isThere(); });
    }
    [[nodiscard]] bool failsWith(ErrorCode code, std::string_view part)
    {
        if (!ends() || outcome.isGood())
            return false;
        const Error error = outcome.error();
        if (error.code == code && error.message.find(part) != std::string::npos)
            return true;
        qWarning("got code %d: %s", static_cast<int>(error.code), error.message.c_str());
        return false;
    }
    /// What comes through the tunnel until `count` bytes are there.
    [[nodiscard]] std::string tunnelled(std::size_t count)
    {
        std::string bytes;
        (void)fixture.runUntil([&] {
            bytes += drain(outcome.stream()).bytes;
            return bytes.size() >= count;
        });
        return bytes;
    }

    LoopFixture fixture;
    connector::ConnectorPtr connector;
    Connection connection;
    Peer &node;
    HandshakeOutcome outcome;
    bool earlySent = false;
};

} // namespace sluice::test
