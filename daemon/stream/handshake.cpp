// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/stream/handshake.h"

namespace sluice::stream {

void DialogueHandshake::start(Done done)
{
    m_done = std::move(done);
    converse(*m_stream);
}

void DialogueHandshake::ended(Error *error)
{
    const Done done = std::move(m_done); // outlives the handshake, which may be deleted inside
    if (error != nullptr)
        done(std::move(*error));
    else
        done(std::move(m_stream));
}

} // namespace sluice::stream
