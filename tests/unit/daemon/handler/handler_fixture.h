// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
//
// A proxy server that talks to a scripted client over a socket pair, and the target behind it played by the test.
#pragma once

#include "daemon/handler/handler.h"
#include "tests/support/bytes.h"
#include "tests/support/loop_fixture.h"

#include <optional>

namespace sluice::test {

[[nodiscard]] inline config::HandlerConfig handlerConfig(const std::string &type)
{
    config::HandlerConfig config;
    config.type = type;
    return config;
}

const inline handler::Credentials someUser{{"user", "pass", {}}};
const inline Endpoint boundHere{*IpAddress::parse("127.0.0.1"), 7100};

/// One client at one server. `client` is its bare end.
struct Visit
{
    explicit Visit(const config::HandlerConfig &config, handler::Credentials credentials = {})
        : handler(*handler::makeHandler(config, std::move(credentials)))
        , dialogue(handler->serve())
        , connection(fixture)
        , client(*connection.peer)
    {
        dialogue->start(*connection.stream,
                        [this](Result<handler::Request> ended) { result.emplace(std::move(ended)); });
    }
    explicit Visit(const std::string &type, handler::Credentials credentials = {})
        : Visit(handlerConfig(type), std::move(credentials))
    {
    }

    [[nodiscard]] bool ends()
    {
        return fixture.runUntil([&] { return result.has_value(); });
    }
    [[nodiscard]] bool asksFor(const std::string &host, std::uint16_t port)
    {
        if (ends() && *result && (*result)->target == connector::Target{host, port})
            return true;
        qWarning("got: %s", !result   ? "nothing"
                            : *result ? (*result)->target.toString().c_str()
                                      : result->error().message.c_str());
        return false;
    }
    [[nodiscard]] bool failsWith(ErrorCode code) { return ends() && !*result && result->error().code == code; }
    void grant() { connection.stream = dialogue->granted(std::move(connection.stream), boundHere); }
    void refuse(const Error &error) { dialogue->refused(*connection.stream, error); }
    /// What the session does after an error.
    void close()
    {
        dialogue.reset();
        connection.stream.reset();
    }
    [[nodiscard]] bool clientGets(const std::string &bytes)
    {
        const bool isThere = fixture.runUntil([&] { return client.received.size() >= bytes.size(); });
        fixture.settle();
        if (isThere && client.received == bytes)
            return true;
        qWarning("client got: %s", shown(client.received).constData());
        return false;
    }
    /// Bytes that reach the target, until `count` are there.
    [[nodiscard]] std::string tunnelled(std::size_t count)
    {
        std::string bytes;
        (void)fixture.runUntil([&] { return (bytes += drain(*connection.stream).bytes).size() >= count; });
        return bytes;
    }
    void targetSends(std::string_view bytes) { connection.stream->write(stream::bytesOf(bytes)); }

    LoopFixture fixture;
    handler::HandlerPtr handler;
    std::optional<Result<handler::Request>> result;
    std::unique_ptr<handler::ServerDialogue> dialogue;
    Connection connection;
    Peer &client;
};

/// What the session reports.
const inline Error inBypass{ErrorCode::Refused, "in a bypass list", 0};
const inline Error targetRefused{ErrorCode::Refused, "connection refused", ECONNREFUSED};
const inline Error targetSilent{ErrorCode::Timeout, "no answer", 0};

} // namespace sluice::test
