// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
//
// A tunnel through a relay node whose answer has not come yet.
#pragma once

#include "daemon/connector/relay_message.h"
#include "daemon/stream/stream_decorator.h"

#include <array>

namespace sluice::connector {

/// Strips the response off the front of what is read: GOST's servers send it only with the target's first bytes, so
/// nobody may wait for it. A refusal makes read() fail; after the response the socket below is open to the pump.
/// Thread: io.  Owner: as Stream.
/// Limits: the response's features (at most 65,535 bytes) are skipped, not kept.
class RelayClientStream final : public stream::StreamDecorator
{
public:
    RelayClientStream(stream::StreamPtr below, std::string target)
        : StreamDecorator(std::move(below))
        , m_target(std::move(target))
    {
    }

    [[nodiscard]] Error error() const override { return m_hasFailed ? m_error : StreamDecorator::error(); }
    stream::FdStream *plainSocket() override { return m_isOpen ? StreamDecorator::plainSocket() : nullptr; }

protected:
    stream::IoResult readBelow(std::span<std::byte> buffer) override;

private:
    /// Takes what belongs to the response and returns how much that was.
    std::size_t strip(std::span<const std::byte> bytes);
    void fail(Error error);

    std::string m_target;
    std::array<std::byte, relay::headerLength> m_header{};
    std::size_t m_headerBytes = 0;
    std::size_t m_toSkip = 0; ///< bytes of features still to come
    Error m_error;
    bool m_isOpen = false; ///< the response has been read to its end
    bool m_hasFailed = false;
};

} // namespace sluice::connector
