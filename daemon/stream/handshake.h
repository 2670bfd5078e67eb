// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
//
// A dialogue on a stream that ends in a stream: TLS, CONNECT, SOCKS, relay. Dialers, connectors and servers are made of
// these.
#pragma once

#include "daemon/stream/stream.h"
#include "helper/base/result.h"

#include <functional>
#include <string>

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

/// The usual shape of a client's dialogue: send, collect an answer, decide, and so on. Subclasses say what to send and
/// judge what came; partial writes, split reads and surplus bytes are handled here.
/// Limits: the answer collected at one step is at most maxAnswer bytes.
class DialogueHandshake : public Handshake, private StreamWatcher
{
public:
    static constexpr std::size_t maxAnswer = 64 * 1024; // bytes

    explicit DialogueHandshake(StreamPtr stream) : m_stream(std::move(stream)) {}
    ~DialogueHandshake() override;
    void start(Done done) final;

protected:
    /// The first step: call say() for what is to be sent, or finish()/fail().
    virtual void begin() = 0;
    /// `answer` holds all unconsumed bytes so far. Returns how many of them were consumed; 0 waits for more. After
    /// consuming, it may have called say(), finish() or fail(); otherwise it is asked again with the rest.
    virtual std::size_t hear(std::span<const std::byte> answer) = 0;
    /// What to say when the peer closes in the middle.
    [[nodiscard]] virtual std::string nameOfPeer() const = 0; ///< "socks5 proxy"

    void say(std::span<const std::byte> bytes);
    void say(std::string_view text) { say(bytesOf(text)); }
    /// Success: goes on with the stream; bytes that were read but not consumed are put back into it. Everything said is
    /// sent before `done` is called.
    void finish() { m_end = End::Finished; }
    void fail(Error error);
    /// Success with another stream in place of the plain one (a decorator that took takeStream()).
    void finishWith(StreamPtr stream);
    [[nodiscard]] StreamPtr takeStream();

private:
    enum class End { None, Finished, Failed };
    void onStreamReady(Stream &stream) override;
    void advance();
    /// Returns false when the handshake must wait or has ended.
    bool flush();
    bool collect();
    void conclude();

    StreamPtr m_stream;
    Done m_done;
    std::vector<std::byte> m_toSend;
    std::vector<std::byte> m_answer;
    Error m_error;
    End m_end = End::None;
};

} // namespace sluice::stream
