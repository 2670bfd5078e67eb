// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/stream/headed_stream.h"

#include <algorithm>

namespace sluice::stream {

HeadedStream::HeadedStream(StreamPtr below, std::span<const std::byte> head, When when)
    : StreamDecorator(std::move(below))
    , m_head(head.begin(), head.end())
    , m_when(when)
{
    if (m_when == When::AtOnce)
        writeHead(std::vector(m_head));
}

IoResult HeadedStream::write(std::span<const std::byte> data)
{
    if (m_head.empty())
        return below().write(data);
    std::vector<std::byte> bytes = m_head;
    const auto shared = data.first(std::min(data.size(), maxShared));
    bytes.insert(bytes.end(), shared.begin(), shared.end());
    return writeHead(bytes);
}

IoResult HeadedStream::writeHead(std::span<const std::byte> bytes)
{
    while (!bytes.empty()) {
        const IoResult sent = below().write(bytes);
        if (sent.kind != IoResult::Data)
            return sent;
        const std::size_t ofHead = std::min(m_head.size(), sent.bytes);
        m_head.erase(m_head.begin(), m_head.begin() + static_cast<std::ptrdiff_t>(ofHead));
        if (sent.bytes > ofHead)
            return {IoResult::Data, sent.bytes - ofHead};
        bytes = bytes.subspan(sent.bytes);
    }
    return {IoResult::WouldBlock, 0};
}

void HeadedStream::shutdownWrite()
{
    m_hasEnded = true;
    writeHead(std::vector(m_head));
    if (m_head.empty())
        below().shutdownWrite();
}

void HeadedStream::belowReady()
{
    if (!m_head.empty() && (m_when == When::AtOnce || m_hasEnded)) {
        writeHead(std::vector(m_head));
        if (m_head.empty() && m_hasEnded)
            below().shutdownWrite();
    }
    notifyWatcher();
}

} // namespace sluice::stream
