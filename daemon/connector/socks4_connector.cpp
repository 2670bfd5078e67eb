// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
//
// Asking a SOCKS4 proxy for a connection; names go by SOCKS4a.
#include "daemon/connector/connectors.h"
#include "daemon/connector/socks4.h"
#include "daemon/connector/wire.h"

namespace sluice::connector {

namespace {

using namespace socks4;

class Socks4Handshake final : public stream::DialogueHandshake
{
public:
    Socks4Handshake(stream::StreamPtr toNode, Bytes request, std::string target)
        : DialogueHandshake(std::move(toNode))
        , m_request(std::move(request))
        , m_target(std::move(target))
    {
    }

private:
    void begin() override { say(m_request); }
    [[nodiscard]] std::string nameOfPeer() const override { return "socks4 proxy"; }

    std::size_t hear(std::span<const std::byte> heard) override
    {
        if (heard.size() < 2)
            return 0;
        const unsigned reply = read8(heard, 1);
        if (read8(heard, 0) != replyVersion)
            fail({ErrorCode::ProtocolError, "the socks4 proxy does not speak SOCKS4", 0});
        else if (reply == noIdentd || reply == wrongIdentd)
            fail({ErrorCode::AuthFailed, "the socks4 proxy does not accept the user id", 0});
        else if (reply == rejected)
            fail({ErrorCode::Refused, "the socks4 proxy refused or failed to connect to " + m_target, 0});
        else if (reply != granted)
            fail({ErrorCode::Failed, "the socks4 proxy answered " + std::to_string(reply) + " for " + m_target, 0});
        else if (heard.size() < replyLength)
            return 0;
        else
            finish();
        return std::min(heard.size(), replyLength);
    }

    Bytes m_request;
    std::string m_target;
};

class Socks4Connector final : public Connector
{
public:
    Socks4Connector(std::string user, bool sendsNames)
        : m_user(std::move(user))
        , m_sendsNames(sendsNames)
    {
    }

    [[nodiscard]] stream::HandshakePtr connect(stream::StreamPtr toNode, const ConnectRequest &request) const override
    {
        const Target &target = request.target;
        if (auto trouble = addressTrouble(target))
            return std::make_unique<stream::FailedHandshake>(*std::move(trouble));
        const auto literal = target.literal();
        const bool isIpv4 = literal && literal->isIpv4();
        if (!isIpv4 && !m_sendsNames) {
            return std::make_unique<stream::FailedHandshake>(
                Error{ErrorCode::Unsupported,
                      "SOCKS4 reaches IPv4 addresses only, not " + target.toString() + " (disable4a is set)", 0});
        }
        Bytes bytes;
        append8(bytes, version);
        append8(bytes, commandConnect);
        append16(bytes, target.port);
        // 0.0.0.1 says that a name follows.
        const IpAddress address = isIpv4 ? *literal : IpAddress::fromIpv4(1);
        const auto raw = std::as_bytes(std::span(address.bytes()).first(4));
        bytes.insert(bytes.end(), raw.begin(), raw.end());
        appendText(bytes, m_user);
        append8(bytes, 0);
        if (!isIpv4) {
            appendText(bytes, target.host);
            append8(bytes, 0);
        }
        return std::make_unique<Socks4Handshake>(std::move(toNode), std::move(bytes), target.toString());
    }

private:
    std::string m_user;
    bool m_sendsNames;
};

} // namespace

Result<ConnectorPtr> makeSocks4Connector(const config::LayerConfig &layer)
{
    bool sendsNames = true;
    if (layer.metadata.contains("disable4a")) {
        const auto isOff = layer.metadata.boolean({"disable4a"});
        if (!isOff)
            return Error{ErrorCode::InvalidConfig, "disable4a is neither true nor false", 0};
        sendsNames = !*isOff;
    }
    std::string user = layer.auth ? layer.auth->username : "";
    if (user.find('\0') != std::string::npos)
        return Error{ErrorCode::InvalidConfig, "the user name holds a NUL", 0};
    return ConnectorPtr(std::make_unique<Socks4Connector>(std::move(user), sendsNames));
}

} // namespace sluice::connector
