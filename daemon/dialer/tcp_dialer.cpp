// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
//
// Plain TCP: there is nothing to do.
#include "daemon/dialer/dialers.h"

namespace sluice::dialer {

namespace {

class TcpDialer final : public Dialer
{
public:
    [[nodiscard]] stream::HandshakePtr dial(stream::StreamPtr below) const override
    {
        return std::make_unique<stream::NoHandshake>(std::move(below));
    }
    [[nodiscard]] bool isTransparent() const override { return true; }
};

} // namespace

Result<DialerPtr> makeTcpDialer(const config::LayerConfig &, const std::string &)
{
    return DialerPtr(std::make_unique<TcpDialer>());
}

} // namespace sluice::dialer
