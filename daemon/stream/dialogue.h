// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
//
// One side of a protocol spoken on a stream: say, hear, decide. The proxy protocols of both sides are made of it.
#pragma once

#include "daemon/stream/stream.h"
#include "helper/base/error.h"

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::stream {

/// Subclasses say what to send and judge what came; partial writes, split reads and surplus bytes are handled here.
/// Thread: io.  Owner: whoever has the stream, which outlives the dialogue or its end, whichever comes first.
/// Never blocks; keeps no time.
/// Limits: what is heard at one step is at most maxHeard bytes; a peer that sends more without being understood fails.
class Dialogue : private StreamWatcher
{
public:
    static constexpr std::size_t maxHeard = 64 * 1024; // bytes

protected:
    Dialogue() = default;
    ~Dialogue() = default; ///< subclasses call leave() while their stream still lives
    Dialogue(const Dialogue &) = delete;
    Dialogue &operator=(const Dialogue &) = delete;

    /// The first step: call say() for what is to be sent, or finish()/fail(); or nothing, to listen first.
    virtual void begin() = 0;
    /// `heard` holds all unconsumed bytes so far, at least one. Returns how many of them were consumed; 0 waits for
    /// more. After consuming it is asked again with the rest, unless it called finish() or fail().
    virtual std::size_t hear(std::span<const std::byte> heard) = 0;
    [[nodiscard]] virtual std::string nameOfPeer() const = 0; ///< for errors: "socks5 proxy"
    /// The end, called once and last: `this` may be deleted inside. `error` is null on success. Everything said has
    /// been sent, the stream has no watcher, and bytes that were read but not consumed are back in it.
    virtual void ended(Error *error) = 0;

    /// Starts talking on `stream`. ended() may come from inside.
    void converse(Stream &stream);
    /// Within begin() or hear(): goes on with another stream (TLS over the first, say).
    void goOnWith(Stream &stream);
    /// Stops watching, without an end.
    void leave();

    void say(std::span<const std::byte> bytes) { m_toSend.insert(m_toSend.end(), bytes.begin(), bytes.end()); }
    void say(std::string_view text) { say(bytesOf(text)); }
    void finish() { m_end = End::Finished; }
    /// What was said before is still sent: a server says no, then fails.
    void fail(Error error);

private:
    enum class End { None, Finished, Failed };
    void onStreamReady(Stream &stream) override;
    void advance();
    /// These two return false when the dialogue must wait or has failed.
    bool flush();
    bool receive();
    void conclude();

    Stream *m_stream = nullptr;
    std::vector<std::byte> m_toSend;
    std::vector<std::byte> m_heard;
    Error m_error;
    End m_end = End::None;
    bool m_hasNews = false; ///< m_heard holds bytes that hear() has not seen in this form
};

} // namespace sluice::stream
