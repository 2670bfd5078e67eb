// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/stream/fd_stream.h"

#include "daemon/net/original_destination.h"
#include "daemon/net/socket_factory.h"

#include <cerrno>
#include <sys/socket.h>

namespace sluice::stream {

Result<std::unique_ptr<FdStream>> FdStream::create(net::EventLoop &loop, UniqueFd fd)
{
    return watched(std::unique_ptr<FdStream>(new FdStream(loop, std::move(fd), false)));
}

Result<std::unique_ptr<FdStream>> FdStream::createConnecting(net::EventLoop &loop, UniqueFd fd, const Endpoint &peer)
{
    std::unique_ptr<FdStream> stream(new FdStream(loop, std::move(fd), true));
    if (const auto local = net::localEndpoint(stream->fd()))
        stream->m_own.emplace(*local, peer);
    return watched(std::move(stream));
}

Result<std::unique_ptr<FdStream>> FdStream::watched(std::unique_ptr<FdStream> stream)
{
    if (auto added = stream->m_loop.watch(stream->fd(), *stream); !added)
        return std::move(added).error();
    return stream;
}

FdStream::~FdStream()
{
    m_loop.forget(fd(), *this);
}

void FdStream::onEvents(std::uint32_t events)
{
    if ((events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0)
        m_isReadable = true;
    if ((events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) != 0)
        m_isWritable = true;
    if ((events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0)
        m_isHungUp = true;
    if ((events & (EPOLLHUP | EPOLLERR)) != 0)
        m_isBroken = true;
    notifyWatcher();
}

IoResult FdStream::connectResult()
{
    if (!m_isConnecting)
        return {IoResult::Data, 0};
    if (!m_isWritable)
        return {IoResult::WouldBlock, 0};
    m_isConnecting = false;
    socklen_t length = sizeof m_errno;
    ::getsockopt(fd(), SOL_SOCKET, SO_ERROR, &m_errno, &length);
    return {m_errno == 0 ? IoResult::Data : IoResult::Failed, 0};
}

IoResult FdStream::readBelow(std::span<std::byte> buffer)
{
    const ssize_t count = ::recv(fd(), buffer.data(), buffer.size(), 0);
    if (count > 0) {
        // A short read empties the socket: what comes later makes a new edge. But the edge of a FIN may have been
        // merged with that of the data, then the end is still to be read.
        if (static_cast<std::size_t>(count) < buffer.size() && !m_isHungUp)
            m_isReadable = false;
        return {IoResult::Data, static_cast<std::size_t>(count)};
    }
    if (count == 0)
        return {IoResult::End, 0};
    if (errno == EAGAIN || errno == EINTR) {
        m_isReadable = false;
        return {IoResult::WouldBlock, 0};
    }
    m_errno = errno;
    return {IoResult::Failed, 0};
}

IoResult FdStream::write(std::span<const std::byte> data)
{
    const ssize_t count = ::send(fd(), data.data(), data.size(), MSG_NOSIGNAL);
    if (count > 0)
        return {IoResult::Data, static_cast<std::size_t>(count)};
    if (errno == EAGAIN || errno == EINTR || errno == ENOBUFS) {
        m_isWritable = false;
        return {IoResult::WouldBlock, 0};
    }
    m_errno = errno;
    return {IoResult::Failed, 0};
}

void FdStream::shutdownWrite()
{
    ::shutdown(fd(), SHUT_WR); // fails only if the connection is gone, which read() reports
}

void FdStream::abortOnClose()
{
    net::resetOnClose(fd());
}

Error FdStream::error() const
{
    return systemError("connection", m_errno);
}

} // namespace sluice::stream
