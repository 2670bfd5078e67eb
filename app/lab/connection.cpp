// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/lab/connection.h"

#include <algorithm>
#include <cerrno>
#include <sys/socket.h>
#include <sys/time.h>

namespace sluice::lab {

namespace {

constexpr timeval StepTimeout{5, 0};
constexpr std::size_t MaxLine = 64 * 1024;

Error stepError(std::string_view what, int number)
{
    // With SO_RCVTIMEO and SO_SNDTIMEO a blocking call reports its timeout as EAGAIN; connect() as EINPROGRESS.
    if (number == EAGAIN || number == EINPROGRESS)
        return Error{ErrorCode::Timeout, std::string(what) + ": nothing happened for 5 s", number};
    return systemError(what, number);
}

} // namespace

Connection::Connection(UniqueFd fd)
    : m_fd(std::move(fd))
{
    ::setsockopt(m_fd.get(), SOL_SOCKET, SO_RCVTIMEO, &StepTimeout, sizeof StepTimeout);
    ::setsockopt(m_fd.get(), SOL_SOCKET, SO_SNDTIMEO, &StepTimeout, sizeof StepTimeout);
}

Result<Connection> Connection::open(const Endpoint &server)
{
    sockaddr_storage storage{};
    const socklen_t length = server.toSockaddr(storage);
    Connection connection(UniqueFd(::socket(storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0)));
    if (connection.fd() < 0)
        return systemError("cannot make a socket", errno);
    if (::connect(connection.fd(), reinterpret_cast<const sockaddr *>(&storage), length) != 0)
        return stepError("cannot connect to " + server.toString(), errno);
    return connection;
}

Connection Connection::adopt(UniqueFd accepted)
{
    return Connection(std::move(accepted));
}

Result<void> Connection::send(std::string_view bytes)
{
    while (!bytes.empty()) {
        const ssize_t count = ::send(m_fd.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (count < 0)
            return stepError("cannot send", errno);
        bytes.remove_prefix(static_cast<std::size_t>(count));
    }
    return {};
}

Result<std::string> Connection::receiveSome(std::size_t limit)
{
    std::string bytes(std::min<std::size_t>(limit, 65536), '\0');
    const ssize_t count = ::recv(m_fd.get(), bytes.data(), bytes.size(), 0);
    if (count < 0)
        return stepError("cannot receive", errno);
    bytes.resize(static_cast<std::size_t>(count));
    return bytes;
}

Result<std::string> Connection::receive(std::size_t count)
{
    std::string bytes;
    while (bytes.size() < count) {
        auto some = receiveSome(count - bytes.size());
        if (!some)
            return some;
        if (some->empty())
            return Error{ErrorCode::Unreachable, "the connection ended after " + std::to_string(bytes.size()) + " of " +
                                                     std::to_string(count) + " bytes"};
        bytes += *some;
    }
    return bytes;
}

Result<std::string> Connection::receiveUntil(std::string_view end)
{
    std::string bytes;
    while (!bytes.ends_with(end)) {
        auto next = receive(1);
        if (!next)
            return next;
        bytes += *next;
        if (bytes.size() > MaxLine)
            return Error{ErrorCode::ProtocolError, "too long a line"};
    }
    return bytes;
}

Result<std::string> Connection::receiveAll()
{
    std::string bytes;
    while (true) {
        auto some = receiveSome(65536);
        if (!some)
            return some;
        if (some->empty())
            return bytes;
        bytes += *some;
    }
}

Result<void> Connection::finish()
{
    if (::shutdown(m_fd.get(), SHUT_WR) != 0)
        return stepError("cannot close the sending side", errno);
    return {};
}

Endpoint Connection::local() const
{
    sockaddr_storage storage{};
    socklen_t length = sizeof storage;
    ::getsockname(m_fd.get(), reinterpret_cast<sockaddr *>(&storage), &length);
    return Endpoint::fromSockaddr(storage).value_or(Endpoint{});
}

Endpoint Connection::peer() const
{
    sockaddr_storage storage{};
    socklen_t length = sizeof storage;
    ::getpeername(m_fd.get(), reinterpret_cast<sockaddr *>(&storage), &length);
    return Endpoint::fromSockaddr(storage).value_or(Endpoint{});
}

} // namespace sluice::lab
