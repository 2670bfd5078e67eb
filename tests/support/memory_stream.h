// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
//
// A stream without a socket: gives prepared bytes in chunks and then the end.
#pragma once

#include "daemon/stream/stream.h"

#include <algorithm>
#include <string>

namespace sluice::test {

class MemoryStream final : public stream::Stream
{
public:
    /// `chunk`: bytes a read gives at most, with nothing to read between two chunks; 0 for no limit.
    MemoryStream(std::string incoming, std::size_t chunk)
        : m_incoming(std::move(incoming))
        , m_chunk(chunk)
    {
    }

    /// Makes the next chunk, or the end, available.
    void step()
    {
        m_isReady = true;
        notifyWatcher();
    }
    [[nodiscard]] bool isAtEnd() const { return m_incoming.empty(); }
    [[nodiscard]] const std::string &written() const { return m_written; }

    stream::IoResult write(std::span<const std::byte> data) override
    {
        const auto part = data.first(m_chunk == 0 ? data.size() : std::min(m_chunk, data.size()));
        m_written += stream::textOf(part);
        return {stream::IoResult::Data, part.size()};
    }
    void shutdownWrite() override {}
    void abortOnClose() override {}
    [[nodiscard]] Error error() const override { return {}; }
    stream::FdStream *plainSocket() override { return nullptr; }

protected:
    stream::IoResult readBelow(std::span<std::byte> buffer) override
    {
        if (!m_isReady)
            return {stream::IoResult::WouldBlock, 0};
        if (m_incoming.empty())
            return {stream::IoResult::End, 0};
        std::size_t count = std::min(buffer.size(), m_incoming.size());
        if (m_chunk != 0) {
            count = std::min(count, m_chunk);
            m_isReady = false;
        }
        const auto part = stream::bytesOf(std::string_view(m_incoming).substr(0, count));
        std::copy(part.begin(), part.end(), buffer.begin());
        m_incoming.erase(0, count);
        return {stream::IoResult::Data, count};
    }

private:
    std::string m_incoming;
    std::size_t m_chunk;
    std::string m_written;
    bool m_isReady = false;
};

} // namespace sluice::test
