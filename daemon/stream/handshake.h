// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
//
// A dialogue on a stream that ends in a stream: TLS, CONNECT, SOCKS, relay. Dialers and connectors are made of these.
#pragma once

#include "daemon/stream/dialogue.h"
#include "daemon/stream/stream.h"
#include "helper/base/result.h"

#include <functional>

namespace sluice::stream {

/// One running dialogue. Thread: io.  Owner: whoever waits for it; deleting it cancels it and closes its stream.
/// It keeps no time: the owner has the deadline.
///
/// How it ends: `done` is called exactly once, with the stream to go on with or with the error. That is the last thing
/// the handshake does, for it may be deleted inside. `done` may be called from within start(), so start() is called as
/// the caller's last step, when the handshake is already stored where `done` expects it.
class Handshake
{
public:
    using Done = std::function<void(Result<StreamPtr>)>;

    virtual ~Handshake() = default;
    virtual void start(Done done) = 0;
};

using HandshakePtr = std::unique_ptr<Handshake>;

/// The usual shape of a client's handshake: a dialogue on a stream of its own.
class DialogueHandshake : public Handshake, protected Dialogue
{
public:
    explicit DialogueHandshake(StreamPtr stream)
        : m_stream(std::move(stream))
    {
    }
    ~DialogueHandshake() override { leave(); }
    void start(Done done) final;

protected:
    /// Within begin() or hear(): puts `decorate(stream)` in the stream's place.
    template <typename Decorate>
    void decorateStream(Decorate &&decorate)
    {
        leave();
        m_stream = decorate(std::move(m_stream));
        goOnWith(*m_stream);
    }

private:
    void ended(Error *error) final;

    StreamPtr m_stream;
    Done m_done;
};

/// Nothing to talk about: the stream goes on as it is.
class NoHandshake final : public Handshake
{
public:
    explicit NoHandshake(StreamPtr stream)
        : m_stream(std::move(stream))
    {
    }
    void start(Done done) override { done(std::move(m_stream)); }

private:
    StreamPtr m_stream;
};

/// Nothing to try: it cannot work.
class FailedHandshake final : public Handshake
{
public:
    explicit FailedHandshake(Error error)
        : m_error(std::move(error))
    {
    }
    void start(Done done) override { done(std::move(m_error)); }

private:
    Error m_error;
};

} // namespace sluice::stream
