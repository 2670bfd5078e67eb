// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
//
// A SOCKS4 and SOCKS4a server.
#include "daemon/connector/socks4.h"
#include "daemon/handler/dialogue_server.h"
#include "daemon/handler/handlers.h"

#include <algorithm>

namespace sluice::handler {

namespace {

using namespace connector;
using namespace connector::socks4;

/// VN CD PORT ADDR; the address counts for nothing after CONNECT.
Bytes reply(unsigned code)
{
    Bytes bytes;
    append8(bytes, replyVersion);
    append8(bytes, code);
    bytes.resize(replyLength);
    return bytes;
}

class Socks4Server final : public DialogueServer
{
public:
    explicit Socks4Server(const Credentials &credentials)
        : m_credentials(credentials)
    {
    }

    [[nodiscard]] stream::StreamPtr granted(stream::StreamPtr client, const Endpoint &) override
    {
        return std::make_unique<stream::HeadedStream>(std::move(client), reply(connector::socks4::granted),
                                                      stream::HeadedStream::When::AtOnce);
    }
    void refused(stream::Stream &client, const Error &) override { client.write(reply(rejected)); }

private:
    static constexpr std::size_t fixedLength = 8;
    static constexpr std::size_t maxUser = 255; // bytes; a name has the same limit

    /// VN CD PORT ADDR USERID NUL [NAME NUL]
    std::size_t hear(std::span<const std::byte> heard) override
    {
        if (read8(heard, 0) != version) {
            fail({ErrorCode::ProtocolError, "the client does not speak SOCKS4", 0});
            return 0;
        }
        if (heard.size() < fixedLength)
            return 0;
        const std::string_view text = stream::textOf(heard.subspan(fixedLength));
        const std::size_t userEnd = text.find('\0');
        const std::uint32_t address = read16(heard, 4) << 16 | read16(heard, 6);
        const bool hasName = address != 0 && address < 256; // 0.0.0.x
        const std::size_t nameEnd =
            userEnd != std::string_view::npos && hasName ? text.find('\0', userEnd + 1) : userEnd;
        if (nameEnd == std::string_view::npos) {
            if (text.size() > 2 * (maxUser + 1))
                refuse(rejected, {ErrorCode::ProtocolError, "the client sent a SOCKS4 request without end", 0});
            return 0;
        }
        Target target{hasName ? std::string(text.substr(userEnd + 1, nameEnd - userEnd - 1))
                              : IpAddress::fromIpv4(address).toString(),
                      static_cast<std::uint16_t>(read16(heard, 2))};
        judge(std::move(target), text.substr(0, userEnd), read8(heard, 1));
        return fixedLength + nameEnd + 1;
    }

    void judge(Target target, std::string_view user, unsigned command)
    {
        if (!m_credentials.empty() && !areAccepted(m_credentials, user, "")) {
            refuse(wrongIdentd, {ErrorCode::AuthFailed, "the client's user id is not accepted", 0});
        } else if (command != commandConnect) {
            refuse(rejected, {ErrorCode::Unsupported, "the client asked for something other than CONNECT", 0});
        } else if (addressTrouble(target)) {
            refuse(rejected, {ErrorCode::ProtocolError, "the client named no target", 0});
        } else {
            m_request.target = std::move(target);
            m_request.user = user;
            finish();
        }
    }

    void refuse(unsigned code, Error error)
    {
        say(reply(code));
        fail(std::move(error));
    }

    const Credentials &m_credentials;
};

class Socks4Handler final : public Handler
{
public:
    explicit Socks4Handler(Credentials credentials)
        : m_credentials(std::move(credentials))
    {
    }
    [[nodiscard]] std::unique_ptr<ServerDialogue> serve() const override
    {
        return std::make_unique<Socks4Server>(m_credentials);
    }

private:
    Credentials m_credentials;
};

} // namespace

Result<HandlerPtr> makeSocks4Handler(const config::HandlerConfig &, Credentials credentials)
{
    return HandlerPtr(std::make_unique<Socks4Handler>(std::move(credentials)));
}

} // namespace sluice::handler
