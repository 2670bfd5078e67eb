// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/stream/stream.h"

#include <algorithm>

namespace sluice::stream {

IoResult Stream::read(std::span<std::byte> buffer)
{
    if (m_unread == nullptr)
        return readBelow(buffer);
    const std::size_t count = std::min(buffer.size(), m_unread->size());
    std::copy_n(m_unread->begin(), count, buffer.begin());
    if (count == m_unread->size())
        m_unread.reset();
    else
        m_unread->erase(m_unread->begin(), m_unread->begin() + static_cast<std::ptrdiff_t>(count));
    return {IoResult::Data, count};
}

void Stream::unread(std::span<const std::byte> bytes)
{
    if (bytes.empty())
        return;
    if (m_unread == nullptr)
        m_unread = std::make_unique<std::vector<std::byte>>();
    m_unread->insert(m_unread->begin(), bytes.begin(), bytes.end());
}

} // namespace sluice::stream
