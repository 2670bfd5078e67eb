// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
//
// A stream that still owes its peer a few bytes of a protocol, ahead of the data.
#pragma once

#include "daemon/stream/stream_decorator.h"

#include <vector>

namespace sluice::stream {

/// Writes its head before anything else. Thread: io.  Owner: as Stream.
class HeadedStream final : public StreamDecorator
{
public:
    enum class When {
        AtOnce,   ///< the head goes out now
        WithData, ///< the head waits for the first data and shares its write
    };

    HeadedStream(StreamPtr below, std::span<const std::byte> head, When when);

    IoResult write(std::span<const std::byte> data) override;
    void shutdownWrite() override;
    FdStream *plainSocket() override { return m_head.empty() ? StreamDecorator::plainSocket() : nullptr; }

protected:
    void belowReady() override;

private:
    static constexpr std::size_t maxShared = 16 * 1024; ///< bytes of data that share the head's write

    /// Writes `bytes`, of which the first are the head. Returns what of the rest was taken.
    IoResult writeHead(std::span<const std::byte> bytes);

    std::vector<std::byte> m_head;
    When m_when;
    bool m_hasEnded = false; ///< shutdownWrite() waits for the head
};

} // namespace sluice::stream
