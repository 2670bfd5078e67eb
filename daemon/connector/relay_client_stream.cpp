// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/connector/relay_client_stream.h"

#include <algorithm>

namespace sluice::connector {

using stream::IoResult;

IoResult RelayClientStream::readBelow(std::span<std::byte> buffer)
{
    if (m_isOpen)
        return below().read(buffer);
    while (!m_hasFailed) {
        const IoResult got = below().read(buffer);
        if (got.kind == IoResult::End) {
            fail({ErrorCode::Unreachable, "the relay node closed the connection without an answer for " + m_target, 0});
            break;
        }
        if (got.kind != IoResult::Data)
            return got;
        const std::size_t stripped = strip(buffer.first(got.bytes));
        if (!m_hasFailed && stripped < got.bytes) {
            std::copy(buffer.begin() + static_cast<std::ptrdiff_t>(stripped),
                      buffer.begin() + static_cast<std::ptrdiff_t>(got.bytes), buffer.begin());
            return {IoResult::Data, got.bytes - stripped};
        }
        if (m_isOpen)
            return below().read(buffer);
    }
    return {IoResult::Failed, 0};
}

std::size_t RelayClientStream::strip(std::span<const std::byte> bytes)
{
    const std::size_t ofHeader = std::min(bytes.size(), m_header.size() - m_headerBytes);
    std::copy_n(bytes.begin(), ofHeader, m_header.begin() + static_cast<std::ptrdiff_t>(m_headerBytes));
    m_headerBytes += ofHeader;
    if (m_headerBytes > 0 && read8(m_header, 0) != relay::version)
        fail({ErrorCode::ProtocolError, "the relay node does not speak the relay protocol", 0});
    else if (m_headerBytes > 1 && read8(m_header, 1) != 0)
        fail(relay::refusal(read8(m_header, 1), m_target));
    if (m_hasFailed || m_headerBytes < m_header.size())
        return bytes.size();
    if (ofHeader > 0) // its last byte came now
        m_toSkip = read16(m_header, 2);
    const std::size_t ofFeatures = std::min(bytes.size() - ofHeader, m_toSkip);
    m_toSkip -= ofFeatures;
    m_isOpen = m_toSkip == 0;
    return ofHeader + ofFeatures;
}

void RelayClientStream::fail(Error error)
{
    m_error = std::move(error);
    m_hasFailed = true;
}

} // namespace sluice::connector
