// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
//
// Asking a SOCKS5 proxy for a connection.
#include "daemon/connector/connectors.h"
#include "daemon/connector/socks5.h"
#include "daemon/connector/wire.h"
#include "daemon/stream/tls_context.h"

#include <algorithm>

namespace sluice::connector {

namespace {

using namespace socks5;

constexpr std::size_t maxCredential = 255; // bytes: a length of one byte goes before it

Error protocolError(std::string what)
{
    return {ErrorCode::ProtocolError, "the socks5 proxy " + std::move(what), 0};
}

/// What a reply other than success comes to.
Error refusal(unsigned reply, const std::string &target)
{
    const auto said = [&](ErrorCode code, std::string_view what) {
        return Error{
            code, "the socks5 proxy answered " + std::to_string(reply) + " (" + std::string(what) + ") for " + target,
            0};
    };
    switch (reply) {
    case generalFailure: return said(ErrorCode::Failed, "general failure");
    case notAllowed: return said(ErrorCode::Refused, "not allowed by its rules");
    case networkUnreachable: return said(ErrorCode::Unreachable, "network unreachable");
    case hostUnreachable: return said(ErrorCode::Unreachable, "host unreachable");
    case connectionRefused: return said(ErrorCode::Refused, "connection refused");
    case ttlExpired: return said(ErrorCode::Timeout, "time to live expired");
    case commandNotSupported: return said(ErrorCode::Unsupported, "command not supported");
    case addressTypeNotSupported: return said(ErrorCode::Unsupported, "address type not supported");
    default: return said(ErrorCode::Failed, "unknown reason");
    }
}

/// What the handshakes of one node share. Thread: any (immutable).
struct Socks5Settings
{
    Bytes greeting; ///< VER NMETHODS METHODS
    Bytes login;    ///< the RFC 1929 request; empty without credentials
    std::unique_ptr<const stream::TlsClientContext> tls;

    [[nodiscard]] bool offers(unsigned method) const
    {
        return std::find(greeting.begin() + 2, greeting.end(), static_cast<std::byte>(method)) != greeting.end();
    }
};

class Socks5Handshake final : public stream::DialogueHandshake
{
public:
    Socks5Handshake(stream::StreamPtr toNode, const Socks5Settings &settings, Target target)
        : DialogueHandshake(std::move(toNode))
        , m_settings(settings)
        , m_target(std::move(target))
    {
    }

private:
    enum class Step { Method, Login, Reply };

    void begin() override { say(m_settings.greeting); }
    [[nodiscard]] std::string nameOfPeer() const override { return "socks5 proxy"; }

    std::size_t hear(std::span<const std::byte> heard) override
    {
        if (heard.size() < 2)
            return 0;
        switch (m_step) {
        case Step::Method: hearMethod(heard); return 2;
        case Step::Login: hearVerdict(heard); return 2;
        case Step::Reply: return hearReply(heard);
        }
        return 0;
    }

    void hearMethod(std::span<const std::byte> heard)
    {
        const unsigned method = read8(heard, 1);
        if (read8(heard, 0) != version) {
            fail(protocolError("does not speak SOCKS5"));
        } else if (method == methodNoneAcceptable) {
            fail({ErrorCode::AuthFailed,
                  m_settings.login.empty() ? "the socks5 proxy wants a user name and password"
                                           : "the socks5 proxy accepts no way of authentication that this node offers",
                  0});
        } else if (!m_settings.offers(method)) {
            fail(protocolError("chose a method that was not offered"));
        } else {
            const bool isTls = method == methodTls || method == methodTlsPassword;
            if (isTls && heard.size() > 2) // somebody on the way would speak for the proxy
                fail(protocolError("sent bytes ahead of TLS"));
            else if (isTls)
                decorateStream([this](stream::StreamPtr plain) { return m_settings.tls->wrap(std::move(plain)); });
            if (method == methodPassword || method == methodTlsPassword)
                logIn();
            else
                request();
        }
    }

    void logIn()
    {
        say(m_settings.login);
        m_step = Step::Login;
    }

    void hearVerdict(std::span<const std::byte> heard)
    {
        if (read8(heard, 1) == 0) // some servers send a wrong version here
            request();
        else
            fail({ErrorCode::AuthFailed, "the socks5 proxy does not accept the user name or password", 0});
    }

    void request()
    {
        Bytes bytes;
        append8(bytes, version);
        append8(bytes, commandConnect);
        append8(bytes, 0);
        appendAddress(bytes, m_target);
        say(bytes);
        m_step = Step::Reply;
    }

    /// VER REP RSV ATYP ADDR PORT; a server that refuses may leave the rest out.
    std::size_t hearReply(std::span<const std::byte> heard)
    {
        if (read8(heard, 0) != version) {
            fail(protocolError("sent a reply that is not SOCKS5"));
            return 2;
        }
        if (const unsigned reply = read8(heard, 1); reply != succeeded) {
            fail(refusal(reply, m_target.toString()));
            return 2;
        }
        if (heard.size() < 4)
            return 0;
        const ParsedAddress bound = parseAddress(heard.subspan(3));
        switch (bound.kind) {
        case ParsedAddress::Kind::NeedsMore: return 0;
        case ParsedAddress::Kind::UnknownType: fail(protocolError("sent an address of unknown type")); return 4;
        case ParsedAddress::Kind::BadName: // of no use to us; an empty name is what some servers send
        case ParsedAddress::Kind::Complete: finish(); break;
        }
        return 3 + bound.length;
    }

    const Socks5Settings &m_settings;
    Target m_target;
    Step m_step = Step::Method;
};

class Socks5Connector final : public Connector
{
public:
    explicit Socks5Connector(Socks5Settings settings)
        : m_settings(std::move(settings))
    {
    }

    [[nodiscard]] stream::HandshakePtr connect(stream::StreamPtr toNode, const ConnectRequest &request) const override
    {
        if (auto trouble = addressTrouble(request.target))
            return std::make_unique<stream::FailedHandshake>(*std::move(trouble));
        return std::make_unique<Socks5Handshake>(std::move(toNode), m_settings, request.target);
    }

private:
    Socks5Settings m_settings;
};

} // namespace

Result<ConnectorPtr> makeSocks5Connector(const config::LayerConfig &layer)
{
    bool offersTls = true;
    if (layer.metadata.contains("notls")) {
        const auto isOff = layer.metadata.boolean({"notls"});
        if (!isOff)
            return Error{ErrorCode::InvalidConfig, "notls is neither true nor false", 0};
        offersTls = !*isOff;
    }
    Socks5Settings settings;
    const bool hasCredentials = layer.auth && !layer.auth->isEmpty();
    if (hasCredentials) {
        const auto &[username, password] = std::tie(layer.auth->username, layer.auth->password);
        if (username.empty() || username.size() > maxCredential || password.size() > maxCredential)
            return Error{ErrorCode::InvalidConfig,
                         "SOCKS5 needs a user name of 1 to 255 bytes and a password of at most 255", 0};
        append8(settings.login, authVersion);
        append8(settings.login, static_cast<unsigned>(username.size()));
        appendText(settings.login, username);
        append8(settings.login, static_cast<unsigned>(password.size()));
        appendText(settings.login, password);
    }
    Bytes methods;
    append8(methods, methodNone);
    if (hasCredentials)
        append8(methods, methodPassword);
    if (offersTls)
        append8(methods, methodTls);
    if (offersTls && hasCredentials)
        append8(methods, methodTlsPassword);
    append8(settings.greeting, version);
    append8(settings.greeting, static_cast<unsigned>(methods.size()));
    settings.greeting.insert(settings.greeting.end(), methods.begin(), methods.end());
    if (offersTls) {
        auto tls = stream::TlsClientContext::create(layer.tls.value_or(config::TlsConfig{}), "");
        if (!tls)
            return std::move(tls).error();
        settings.tls = *std::move(tls);
    }
    return ConnectorPtr(std::make_unique<Socks5Connector>(std::move(settings)));
}

} // namespace sluice::connector
