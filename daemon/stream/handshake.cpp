// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/stream/handshake.h"

#include <array>
#include <cassert>

namespace sluice::stream {

DialogueHandshake::~DialogueHandshake()
{
    if (m_stream != nullptr)
        m_stream->setWatcher(nullptr);
}

void DialogueHandshake::start(Done done)
{
    m_done = std::move(done);
    m_stream->setWatcher(this);
    begin();
    advance();
}

void DialogueHandshake::say(std::span<const std::byte> bytes)
{
    m_toSend.insert(m_toSend.end(), bytes.begin(), bytes.end());
}

void DialogueHandshake::fail(Error error)
{
    m_error = std::move(error);
    m_end = End::Failed;
}

void DialogueHandshake::finishWith(StreamPtr stream)
{
    assert(m_stream == nullptr);
    m_stream = std::move(stream);
    m_stream->setWatcher(this);
    finish();
}

StreamPtr DialogueHandshake::takeStream()
{
    m_stream->setWatcher(nullptr);
    return std::move(m_stream);
}

void DialogueHandshake::onStreamReady(Stream &)
{
    advance();
}

void DialogueHandshake::advance()
{
    for (;;) {
        if (m_end == End::Failed || !flush())
            break;
        if (m_end == End::Finished)
            break;
        if (!collect())
            break;
    }
    if (m_end == End::Failed || (m_end == End::Finished && m_toSend.empty()))
        conclude(); // `this` may be gone after it
}

bool DialogueHandshake::flush()
{
    while (!m_toSend.empty()) {
        const IoResult sent = m_stream->write(m_toSend);
        switch (sent.kind) {
        case IoResult::Data:
            m_toSend.erase(m_toSend.begin(), m_toSend.begin() + static_cast<std::ptrdiff_t>(sent.bytes));
            break;
        case IoResult::WouldBlock: return false;
        case IoResult::End:
        case IoResult::Failed: fail(m_stream->error().in("talking to the " + nameOfPeer())); return false;
        }
    }
    return true;
}

bool DialogueHandshake::collect()
{
    if (!m_answer.empty()) { // bytes of the next step may be here already
        const std::size_t consumed = hear(m_answer);
        m_answer.erase(m_answer.begin(), m_answer.begin() + static_cast<std::ptrdiff_t>(consumed));
        if (consumed > 0 || m_end != End::None)
            return true;
    }
    std::array<std::byte, 4096> buffer;
    const IoResult got = m_stream->read(buffer);
    switch (got.kind) {
    case IoResult::WouldBlock: return false;
    case IoResult::End:
        fail({ErrorCode::Unreachable, "the " + nameOfPeer() + " closed the connection during the handshake", 0});
        return false;
    case IoResult::Failed: fail(m_stream->error().in("talking to the " + nameOfPeer())); return false;
    case IoResult::Data: break;
    }
    if (m_answer.size() + got.bytes > maxAnswer) {
        fail({ErrorCode::ProtocolError, "the " + nameOfPeer() + " sent an answer of more than 64 KiB", 0});
        return false;
    }
    m_answer.insert(m_answer.end(), buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(got.bytes));
    const std::size_t consumed = hear(m_answer);
    m_answer.erase(m_answer.begin(), m_answer.begin() + static_cast<std::ptrdiff_t>(consumed));
    return true;
}

void DialogueHandshake::conclude()
{
    const Done done = std::move(m_done);
    if (m_end == End::Failed) {
        done(std::move(m_error));
        return;
    }
    m_stream->setWatcher(nullptr);
    m_stream->unread(m_answer);
    done(std::move(m_stream));
}

} // namespace sluice::stream
