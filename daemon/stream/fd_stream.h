// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
//
// A stream that is one socket.
#pragma once

#include "daemon/net/event_loop.h"
#include "daemon/net/own_connection.h"
#include "daemon/stream/stream.h"
#include "helper/base/result.h"
#include "helper/base/unique_fd.h"

#include <optional>

namespace sluice::stream {

/// A stream socket on an event loop. Thread: io.  Owner: as Stream.
/// The pump splices on its descriptor and then keeps the readiness flags true itself (noteRead…/noteWrite…).
class FdStream final : public Stream, private net::FdHandler
{
public:
    /// Takes a connected, non-blocking stream socket.
    static Result<std::unique_ptr<FdStream>> create(net::EventLoop &loop, UniqueFd fd);
    /// Takes one that is connecting to `peer`. Its first writability means that the connect has ended, see
    /// connectResult().
    static Result<std::unique_ptr<FdStream>> createConnecting(net::EventLoop &loop, UniqueFd fd, const Endpoint &peer);
    ~FdStream() override;

    IoResult write(std::span<const std::byte> data) override;
    void shutdownWrite() override;
    void abortOnClose() override;
    [[nodiscard]] Error error() const override;
    FdStream *plainSocket() override { return hasUnread() ? nullptr : this; }

    [[nodiscard]] int fd() const { return m_fd.get(); }
    [[nodiscard]] net::EventLoop &loop() const { return m_loop; }

    /// Has connect(2) ended, and how? WouldBlock while it has not.
    [[nodiscard]] IoResult connectResult();

    /// Readiness as far as the last edges and calls tell. True may be stale, false is not.
    [[nodiscard]] bool isReadable() const { return m_isReadable; }
    [[nodiscard]] bool isWritable() const { return m_isWritable; }
    /// The peer closed, reset or failed: reading on is worth it even after a short read, the end is there.
    [[nodiscard]] bool isHungUp() const { return m_isHungUp; }
    /// Reset or failed: nothing can be sent any more.
    [[nodiscard]] bool isBroken() const { return m_isBroken; }
    void noteReadBlocked() { m_isReadable = false; }
    void noteWriteBlocked() { m_isWritable = false; }
    void noteFailure(int number) { m_errno = number; }
    [[nodiscard]] int lastErrno() const { return m_errno; }

protected:
    IoResult readBelow(std::span<std::byte> buffer) override;

private:
    FdStream(net::EventLoop &loop, UniqueFd fd, bool isConnecting)
        : m_loop(loop)
        , m_fd(std::move(fd))
        , m_isWritable(!isConnecting)
        , m_isConnecting(isConnecting)
    {
    }
    static Result<std::unique_ptr<FdStream>> watched(std::unique_ptr<FdStream> stream);
    void onEvents(std::uint32_t events) override;

    net::EventLoop &m_loop;
    UniqueFd m_fd;
    std::optional<net::OwnConnection> m_own; ///< of a connection that was made from here
    int m_errno = 0;
    bool m_isReadable = false;
    bool m_isWritable = false;
    bool m_isHungUp = false;
    bool m_isBroken = false;
    bool m_isConnecting = false;
};

} // namespace sluice::stream
