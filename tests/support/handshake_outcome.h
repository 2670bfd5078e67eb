// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
//
// Holds a handshake and what it came to.
#pragma once

#include "daemon/stream/handshake.h"

#include <optional>

namespace sluice::test {

class HandshakeOutcome
{
public:
    void start(stream::HandshakePtr handshake)
    {
        m_handshake = std::move(handshake);
        m_handshake->start([this](Result<stream::StreamPtr> result) {
            m_result.emplace(std::move(result));
            m_handshake.reset(); // allowed: it was the handshake's last act
        });
    }
    void cancel() { m_handshake.reset(); }

    [[nodiscard]] bool isThere() const { return m_result.has_value(); }
    [[nodiscard]] bool isGood() const { return m_result && m_result->hasValue(); }
    [[nodiscard]] stream::Stream &stream() { return *m_result->value(); }
    [[nodiscard]] stream::StreamPtr takeStream() { return std::move(m_result->value()); }
    [[nodiscard]] Error error() const { return m_result && !*m_result ? m_result->error() : Error{}; }

private:
    stream::HandshakePtr m_handshake;
    std::optional<Result<stream::StreamPtr>> m_result;
};

} // namespace sluice::test
