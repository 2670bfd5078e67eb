// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
//
// Asking a GOST relay node for a connection.
#include "daemon/connector/connectors.h"
#include "daemon/connector/relay_client_stream.h"

namespace sluice::connector {

namespace {

constexpr std::size_t maxCredential = 255; // bytes: a length of one byte goes before it

/// Sends the request, with the client's first bytes if they are here, and ends at once: the answer comes with the
/// target's first bytes, and a target that waits for the client's would wait for ever if we waited too.
class RelayHandshake final : public stream::DialogueHandshake
{
public:
    RelayHandshake(stream::StreamPtr toNode, Bytes request, std::string target)
        : DialogueHandshake(std::move(toNode))
        , m_request(std::move(request))
        , m_target(std::move(target))
    {
    }

private:
    void begin() override
    {
        decorateStream([this](stream::StreamPtr below) {
            return std::make_unique<RelayClientStream>(std::move(below), std::move(m_target));
        });
        say(m_request);
        finish();
    }
    std::size_t hear(std::span<const std::byte>) override { return 0; }
    [[nodiscard]] std::string nameOfPeer() const override { return "relay node"; }

    Bytes m_request;
    std::string m_target;
};

class RelayConnector final : public Connector
{
public:
    explicit RelayConnector(std::optional<relay::Credentials> credentials)
        : m_credentials(std::move(credentials))
    {
    }

    [[nodiscard]] stream::HandshakePtr connect(stream::StreamPtr toNode, const ConnectRequest &request) const override
    {
        if (auto trouble = addressTrouble(request.target))
            return std::make_unique<stream::FailedHandshake>(*std::move(trouble));
        Bytes bytes = relay::connectRequest(request.target, m_credentials);
        if (request.earlySent != nullptr) {
            bytes.insert(bytes.end(), request.early.begin(), request.early.end());
            *request.earlySent = !request.early.empty();
        }
        return std::make_unique<RelayHandshake>(std::move(toNode), std::move(bytes), request.target.toString());
    }

private:
    std::optional<relay::Credentials> m_credentials;
};

} // namespace

Result<ConnectorPtr> makeRelayConnector(const config::LayerConfig &layer)
{
    std::optional<relay::Credentials> credentials;
    if (layer.auth && !layer.auth->isEmpty()) {
        credentials = relay::Credentials{layer.auth->username, layer.auth->password};
        if (credentials->user.size() > maxCredential || credentials->password.size() > maxCredential)
            return Error{ErrorCode::InvalidConfig,
                         "the relay protocol takes a user name and password of at most 255 bytes", 0};
    }
    return ConnectorPtr(std::make_unique<RelayConnector>(std::move(credentials)));
}

} // namespace sluice::connector
