// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
//
// Feeds hostile bytes to one side of a proxy protocol. The first byte of an input is the size of the chunks in which
// the rest arrives (0: all at once). Each side must come to an end when the bytes do, and pass on only bytes that it
// got.
#pragma once

#include "daemon/connector/connector.h"
#include "daemon/handler/handler.h"
#include "tests/support/memory_stream.h"

#include <cstdint>
#include <cstdlib>
#include <optional>

namespace sluice::test {

struct FuzzInput
{
    FuzzInput(const std::uint8_t *data, std::size_t size)
        : chunk(size > 0 ? data[0] : 0)
        , bytes(reinterpret_cast<const char *>(data) + (size > 0 ? 1 : 0), size > 0 ? size - 1 : 0)
    {
    }
    std::size_t chunk;
    std::string bytes;
};

inline void require(bool holds)
{
    if (!holds)
        std::abort();
}

/// Everything that can still be read from `stream`, which lies over `source`.
[[nodiscard]] inline std::string readToTheEnd(stream::Stream &stream, MemoryStream &source)
{
    std::string bytes;
    std::byte buffer[300];
    for (;;) {
        const auto got = stream.read(buffer);
        if (got.kind == stream::IoResult::Data)
            bytes += stream::textOf(std::span(buffer).first(got.bytes));
        else if (got.kind == stream::IoResult::WouldBlock)
            source.step();
        else
            return bytes;
    }
}

/// The client's side: `input` is what the node says.
inline void fuzzConnector(const connector::Connector &connector, const FuzzInput &input)
{
    auto owned = std::make_unique<MemoryStream>(input.bytes, input.chunk);
    MemoryStream &node = *owned;
    std::optional<Result<stream::StreamPtr>> result;
    const auto handshake = connector.connect(std::move(owned), {{"example.com", 443}, {}, nullptr});
    handshake->start([&](Result<stream::StreamPtr> ended) { result.emplace(std::move(ended)); });
    while (!result) {
        const bool wasAtEnd = node.isAtEnd();
        node.step();
        require(result || !wasAtEnd);
    }
    if (*result)
        require(input.bytes.ends_with(readToTheEnd(***result, node)));
}

/// The server's side: `input` is what the client says.
inline void fuzzHandler(const handler::Handler &handler, const FuzzInput &input, bool passesBytesUnchanged)
{
    auto owned = std::make_unique<MemoryStream>(input.bytes, input.chunk);
    MemoryStream &client = *owned;
    std::optional<Result<handler::Request>> result;
    const auto dialogue = handler.serve();
    dialogue->start(client, [&](Result<handler::Request> ended) { result.emplace(std::move(ended)); });
    while (!result) {
        const bool wasAtEnd = client.isAtEnd();
        client.step();
        require(result || !wasAtEnd);
    }
    if (!*result)
        return;
    require(!(*result)->target.host.empty() && (*result)->target.host.size() <= 255);
    if (input.bytes.size() % 2 == 0) {
        dialogue->refused(client, {ErrorCode::Unreachable, "no way", 0});
        require(!client.written().empty());
        return;
    }
    const stream::StreamPtr granted = dialogue->granted(std::move(owned), {});
    const std::string passed = readToTheEnd(*granted, client);
    require(!passesBytesUnchanged || input.bytes.ends_with(passed));
}

[[nodiscard]] inline connector::ConnectorPtr fuzzedConnector(const char *type, const char *user = nullptr)
{
    config::LayerConfig config;
    config.type = type;
    if (user != nullptr)
        config.auth = config::AuthConfig{user, "password", {}};
    return *connector::makeConnector(config);
}

[[nodiscard]] inline handler::HandlerPtr fuzzedHandler(const char *type, bool needsUser)
{
    config::HandlerConfig config;
    config.type = type;
    return *handler::makeHandler(config,
                                 needsUser ? handler::Credentials{{"user", "pass", {}}} : handler::Credentials{});
}

} // namespace sluice::test
