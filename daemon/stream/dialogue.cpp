// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/stream/dialogue.h"

#include <algorithm>
#include <array>

namespace sluice::stream {

namespace {

void dropFront(std::vector<std::byte> &bytes, std::size_t count)
{
    bytes.erase(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(count));
}

} // namespace

void Dialogue::converse(Stream &stream)
{
    goOnWith(stream);
    begin();
    advance();
}

void Dialogue::goOnWith(Stream &stream)
{
    m_stream = &stream;
    m_stream->setWatcher(this);
}

void Dialogue::leave()
{
    if (m_stream != nullptr)
        m_stream->setWatcher(nullptr);
    m_stream = nullptr;
}

void Dialogue::fail(Error error)
{
    if (m_end == End::Failed) // the first failure is the cause of the others
        return;
    m_error = std::move(error);
    m_end = End::Failed;
}

void Dialogue::onStreamReady(Stream &)
{
    advance();
}

void Dialogue::advance()
{
    while (flush() && m_end == End::None) {
        if (!m_hasNews && !receive())
            break;
        const std::size_t consumed = hear(m_heard);
        dropFront(m_heard, consumed);
        m_hasNews = consumed > 0 && !m_heard.empty();
        if (m_end == End::None && m_heard.size() >= maxHeard && consumed == 0)
            fail({ErrorCode::ProtocolError, "the " + nameOfPeer() + " sent a message of more than 64 KiB", 0});
    }
    if (m_end != End::None && m_toSend.empty())
        conclude(); // `this` may be gone after it
}

bool Dialogue::flush()
{
    while (!m_toSend.empty()) {
        const IoResult sent = m_stream->write(m_toSend);
        if (sent.kind == IoResult::WouldBlock)
            return false;
        if (sent.kind != IoResult::Data) {
            fail(m_stream->error().in("talking to the " + nameOfPeer()));
            m_toSend.clear();
            return false;
        }
        dropFront(m_toSend, sent.bytes);
    }
    return true;
}

bool Dialogue::receive()
{
    std::array<std::byte, 4096> buffer;
    const std::size_t room = std::min(buffer.size(), maxHeard - m_heard.size());
    const IoResult got = m_stream->read(std::span(buffer).first(room));
    switch (got.kind) {
    case IoResult::Data:
        m_heard.insert(m_heard.end(), buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(got.bytes));
        return true;
    case IoResult::WouldBlock: return false;
    case IoResult::End:
        fail({ErrorCode::Unreachable, "the " + nameOfPeer() + " closed the connection during the handshake", 0});
        return false;
    case IoResult::Failed: fail(m_stream->error().in("talking to the " + nameOfPeer())); return false;
    }
    return false;
}

void Dialogue::conclude()
{
    m_stream->unread(m_heard);
    leave();
    ended(m_end == End::Failed ? &m_error : nullptr);
}

} // namespace sluice::stream
