// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
//
// TLS to the node.
#include "daemon/dialer/dialers.h"
#include "daemon/stream/tls_context.h"

namespace sluice::dialer {

namespace {

class TlsDialer final : public Dialer
{
public:
    explicit TlsDialer(std::unique_ptr<const stream::TlsClientContext> context)
        : m_context(std::move(context))
    {
    }

    [[nodiscard]] stream::HandshakePtr dial(stream::StreamPtr below) const override
    {
        return m_context->handshake(std::move(below));
    }

private:
    std::unique_ptr<const stream::TlsClientContext> m_context;
};

} // namespace

Result<DialerPtr> makeTlsDialer(const config::LayerConfig &layer, const std::string &nodeHost)
{
    auto context = stream::TlsClientContext::create(layer.tls.value_or(config::TlsConfig{}), nodeHost);
    if (!context)
        return std::move(context).error();
    return DialerPtr(std::make_unique<TlsDialer>(*std::move(context)));
}

} // namespace sluice::dialer
