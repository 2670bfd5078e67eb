// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
//
// The server of GOST's relay protocol.
#include "daemon/connector/relay_message.h"
#include "daemon/handler/dialogue_server.h"
#include "daemon/handler/handlers.h"

namespace sluice::handler {

namespace {

using namespace connector;
using relay::Command;
using relay::Status;

struct RelaySettings
{
    Credentials credentials;
    bool hasNoDelay = false; ///< answer as soon as the target is there, not with its first bytes
};

class RelayServer final : public DialogueServer
{
public:
    explicit RelayServer(const RelaySettings &settings)
        : m_settings(settings)
    {
    }

    [[nodiscard]] stream::StreamPtr granted(stream::StreamPtr client, const Endpoint &) override
    {
        using stream::HeadedStream;
        return std::make_unique<HeadedStream>(std::move(client), relay::response(Status::Ok),
                                              m_settings.hasNoDelay ? HeadedStream::When::AtOnce
                                                                    : HeadedStream::When::WithData);
    }

    void refused(stream::Stream &client, const Error &error) override
    {
        client.write(relay::response(isForbidden(error) ? Status::Forbidden : Status::NetworkUnreachable));
    }

private:
    std::size_t hear(std::span<const std::byte> heard) override
    {
        relay::ParsedRequest parsed = relay::parseRequest(heard);
        switch (parsed.kind) {
        case relay::ParsedRequest::Kind::NeedsMore: return 0;
        case relay::ParsedRequest::Kind::Malformed:
            fail({ErrorCode::ProtocolError, "the client sent what is no relay request", 0});
            return 0;
        case relay::ParsedRequest::Kind::Complete: judge(std::move(parsed.request)); break;
        }
        return parsed.length;
    }

    void judge(relay::Request request)
    {
        const auto credentials = request.credentials.value_or(relay::Credentials{});
        const auto command = static_cast<Command>(request.command & relay::commandMask);
        const bool isConnect = command == Command::Connect || (request.command & relay::commandMask) == 0;
        if (!m_settings.credentials.empty() &&
            !areAccepted(m_settings.credentials, credentials.user, credentials.password))
            refuse(Status::Unauthorized, {ErrorCode::AuthFailed, "the client's user name or password is wrong", 0});
        else if (command == Command::Bind)
            refuse(Status::Forbidden, {ErrorCode::Unsupported, "the client asked for BIND, which is off", 0});
        else if (!isConnect)
            refuse(Status::BadRequest, {ErrorCode::Unsupported, "the client sent an unknown relay command", 0});
        else if (!request.target)
            refuse(Status::BadRequest, {ErrorCode::ProtocolError, "the client named no target", 0});
        else if (request.isUdp)
            refuse(Status::Forbidden, {ErrorCode::Unsupported, "the client asked for UDP, which is off", 0});
        else
            grant(*std::move(request.target), credentials.user);
    }

    void refuse(Status status, Error error)
    {
        say(relay::response(status));
        fail(std::move(error));
    }

    void grant(Target target, const std::string &user)
    {
        m_request.target = std::move(target);
        m_request.user = user;
        finish();
    }

    const RelaySettings &m_settings;
};

class RelayHandler final : public Handler
{
public:
    explicit RelayHandler(RelaySettings settings)
        : m_settings(std::move(settings))
    {
    }
    [[nodiscard]] std::unique_ptr<ServerDialogue> serve() const override
    {
        return std::make_unique<RelayServer>(m_settings);
    }

private:
    RelaySettings m_settings;
};

} // namespace

Result<HandlerPtr> makeRelayHandler(const config::HandlerConfig &config, Credentials credentials)
{
    RelaySettings settings{std::move(credentials)};
    if (config.metadata.contains("nodelay")) {
        const auto hasNoDelay = config.metadata.boolean({"nodelay"});
        if (!hasNoDelay)
            return Error{ErrorCode::InvalidConfig, "nodelay is neither true nor false", 0};
        settings.hasNoDelay = *hasNoDelay;
    }
    return HandlerPtr(std::make_unique<RelayHandler>(std::move(settings)));
}

} // namespace sluice::handler
