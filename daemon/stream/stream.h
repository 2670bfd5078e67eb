// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
//
// A byte stream in two directions: a socket, TLS over a stream, a tunnel through a proxy. Dialers and connectors take
// one and give one, so every pair composes.
#pragma once

#include "helper/base/error.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace sluice::stream {

class FdStream;
class Stream;

/// What one read or write came to.
struct IoResult
{
    enum Kind : std::uint8_t {
        Data,       ///< `bytes` were moved (> 0)
        WouldBlock, ///< nothing now; the watcher is told when it is worth another try
        End,        ///< read only: the peer has finished its direction
        Failed,     ///< broken for good; Stream::error() says why
    };
    Kind kind = WouldBlock;
    std::size_t bytes = 0;
};

/// Told when a stream may have become readable or writable. Thread: io.
class StreamWatcher
{
public:
    /// Edge-triggered: after it, read or write until WouldBlock. May be spurious. May delete the stream.
    virtual void onStreamReady(Stream &stream) = 0;

protected:
    ~StreamWatcher() = default;
};

/// A non-blocking byte stream. Thread: io (one worker).  Owner: whoever holds the pointer; deleting it closes it.
/// The watcher may be changed at any time; after a change the new watcher tries reading and writing once by itself,
/// because edges that the old one saw are not repeated.
class Stream
{
public:
    virtual ~Stream() = default;
    Stream() = default;
    Stream(const Stream &) = delete;
    Stream &operator=(const Stream &) = delete;

    /// Reads up to `buffer.size()` bytes: first what was unread(), then from below.
    IoResult read(std::span<std::byte> buffer);
    /// Writes some of `data` (not empty).
    virtual IoResult write(std::span<const std::byte> data) = 0;
    /// No more is written; the peer reads to the end. What write() accepted still arrives.
    virtual void shutdownWrite() = 0;
    /// Makes the deletion of the stream look like a failure to the peer (RST on a socket), not like an orderly end.
    virtual void abortOnClose() = 0;

    /// Why read or write failed. Only after Failed.
    [[nodiscard]] virtual Error error() const = 0;
    /// The socket behind the stream if its bytes are exactly the stream's bytes, and nothing is buffered on the way;
    /// then the pump may splice. May change from null to a socket while a handshake's tail is being read.
    virtual FdStream *plainSocket() = 0;

    virtual void setWatcher(StreamWatcher *watcher) { m_watcher = watcher; }

    /// Puts bytes back in front of what read() gives next: a handshake that read too far returns the rest.
    void unread(std::span<const std::byte> bytes);
    [[nodiscard]] bool hasUnread() const { return m_unread != nullptr; }

protected:
    virtual IoResult readBelow(std::span<std::byte> buffer) = 0;
    void notifyWatcher()
    {
        if (m_watcher != nullptr)
            m_watcher->onStreamReady(*this);
    }

private:
    StreamWatcher *m_watcher = nullptr;
    std::unique_ptr<std::vector<std::byte>> m_unread; ///< null when empty
};

using StreamPtr = std::unique_ptr<Stream>;

/// Bytes of text, for writing to a stream.
[[nodiscard]] inline std::span<const std::byte> bytesOf(std::string_view text)
{
    return std::as_bytes(std::span(text.data(), text.size()));
}

/// Text of bytes, for parsing.
[[nodiscard]] inline std::string_view textOf(std::span<const std::byte> bytes)
{
    return {reinterpret_cast<const char *>(bytes.data()), bytes.size()};
}

} // namespace sluice::stream
