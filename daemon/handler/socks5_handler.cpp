// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
//
// A SOCKS5 server.
#include "daemon/connector/socks5.h"
#include "daemon/handler/dialogue_server.h"
#include "daemon/handler/handlers.h"

#include <algorithm>

namespace sluice::handler {

namespace {

using namespace connector;
using namespace connector::socks5;

/// VER REP RSV ATYP ADDR PORT
Bytes reply(unsigned code, const Endpoint &bound)
{
    Bytes bytes;
    append8(bytes, version);
    append8(bytes, code);
    append8(bytes, 0);
    appendAddress(bytes, {bound.address.toString(), bound.port});
    return bytes;
}

class Socks5Server final : public DialogueServer
{
public:
    explicit Socks5Server(const Credentials &credentials)
        : m_credentials(credentials)
    {
    }

    [[nodiscard]] stream::StreamPtr granted(stream::StreamPtr client, const Endpoint &bound) override
    {
        return std::make_unique<stream::HeadedStream>(std::move(client), reply(succeeded, bound),
                                                      stream::HeadedStream::When::AtOnce);
    }

    /// Any failure to reach the target is 3, as GOST says it.
    void refused(stream::Stream &client, const Error &error) override
    {
        client.write(reply(isForbidden(error) ? notAllowed : networkUnreachable, {}));
    }

private:
    enum class Step { Greeting, Login, Request };

    std::size_t hear(std::span<const std::byte> heard) override
    {
        const unsigned expected = m_step == Step::Login ? authVersion : version;
        if (read8(heard, 0) != expected) {
            fail({ErrorCode::ProtocolError, "the client does not speak SOCKS5", 0});
            return 0;
        }
        if (heard.size() < 2)
            return 0;
        switch (m_step) {
        case Step::Greeting: return hearGreeting(heard);
        case Step::Login: return hearLogin(heard);
        case Step::Request: return hearRequest(heard);
        }
        return 0;
    }

    /// VER NMETHODS METHODS
    std::size_t hearGreeting(std::span<const std::byte> heard)
    {
        const std::size_t length = 2 + read8(heard, 1);
        if (heard.size() < length)
            return 0;
        const auto methods = heard.subspan(2, length - 2);
        const unsigned wanted = m_credentials.empty() ? methodNone : methodPassword;
        const bool isOffered =
            std::find(methods.begin(), methods.end(), static_cast<std::byte>(wanted)) != methods.end();
        Bytes answer;
        append8(answer, version);
        append8(answer, isOffered ? wanted : methodNoneAcceptable);
        say(answer);
        if (!isOffered)
            fail({ErrorCode::AuthFailed,
                  m_credentials.empty() ? "the client offers no method without authentication"
                                        : "the client offers no user name and password",
                  0});
        m_step = wanted == methodPassword ? Step::Login : Step::Request;
        return length;
    }

    /// VER ULEN UNAME PLEN PASSWD
    std::size_t hearLogin(std::span<const std::byte> heard)
    {
        const std::size_t userLength = read8(heard, 1);
        if (heard.size() < 2 + userLength + 1)
            return 0;
        const std::size_t passwordLength = read8(heard, 2 + userLength);
        const std::size_t length = 2 + userLength + 1 + passwordLength;
        if (heard.size() < length)
            return 0;
        const std::string_view user = stream::textOf(heard.subspan(2, userLength));
        const std::string_view password = stream::textOf(heard.subspan(3 + userLength, passwordLength));
        const bool isAccepted = areAccepted(m_credentials, user, password);
        Bytes answer;
        append8(answer, authVersion);
        append8(answer, isAccepted ? 0 : 1);
        say(answer);
        if (!isAccepted)
            fail({ErrorCode::AuthFailed, "the client's user name or password is wrong", 0});
        m_request.user = user;
        m_step = Step::Request;
        return length;
    }

    /// VER CMD RSV ATYP ADDR PORT
    std::size_t hearRequest(std::span<const std::byte> heard)
    {
        if (heard.size() < 4)
            return 0;
        ParsedAddress address = parseAddress(heard.subspan(3));
        const unsigned command = read8(heard, 1);
        switch (address.kind) {
        case ParsedAddress::Kind::NeedsMore: return 0;
        case ParsedAddress::Kind::UnknownType:
            refuse(addressTypeNotSupported,
                   {ErrorCode::ProtocolError, "the client sent an unknown type of address", 0});
            return heard.size();
        case ParsedAddress::Kind::BadName:
            refuse(generalFailure, {ErrorCode::ProtocolError, "the client named no target", 0});
            break;
        case ParsedAddress::Kind::Complete:
            if (command == commandBind || command == commandAssociate || command == commandUdpTunnel) {
                refuse(notAllowed, {ErrorCode::Unsupported, "the client asked for BIND or UDP, which are off", 0});
            } else if (command != commandConnect) {
                refuse(commandNotSupported, {ErrorCode::Unsupported, "the client sent an unknown SOCKS5 command", 0});
            } else {
                m_request.target = std::move(address.target);
                finish();
            }
            break;
        }
        return 3 + address.length;
    }

    void refuse(unsigned code, Error error)
    {
        say(reply(code, {}));
        fail(std::move(error));
    }

    const Credentials &m_credentials;
    Step m_step = Step::Greeting;
};

class Socks5Handler final : public Handler
{
public:
    explicit Socks5Handler(Credentials credentials)
        : m_credentials(std::move(credentials))
    {
    }
    [[nodiscard]] std::unique_ptr<ServerDialogue> serve() const override
    {
        return std::make_unique<Socks5Server>(m_credentials);
    }

private:
    Credentials m_credentials;
};

} // namespace

Result<HandlerPtr> makeSocks5Handler(const config::HandlerConfig &, Credentials credentials)
{
    return HandlerPtr(std::make_unique<Socks5Handler>(std::move(credentials)));
}

} // namespace sluice::handler
