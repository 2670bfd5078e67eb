// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
//
// What both ends of the load tests share: ports, sockets, the pseudo-random bytes of `verify`, a small event loop.
#pragma once

#include "helper/base/ip_address.h"
#include "helper/base/unique_fd.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace sluice::bench {

inline constexpr std::uint16_t echoPort = 7001;   ///< sends back what it gets
inline constexpr std::uint16_t sinkPort = 7002;   ///< counts until the end, then answers with the count (8 bytes)
inline constexpr std::uint16_t sourcePort = 7003; ///< sends for ever
inline constexpr std::uint16_t verifyPort = 7004; ///< see verify.cpp
inline constexpr std::size_t sourceSize = 4 * 1024 * 1024;

/// What a failed system call of the load program itself leads to: one sentence and exit 1.
[[noreturn]] void die(const char *what);

[[nodiscard]] double secondsNow();
void makeNonBlocking(int fd);
void makeBlocking(int fd, int timeoutSeconds);

/// Listens on all addresses of both families.
[[nodiscard]] UniqueFd listenOn(std::uint16_t port);
/// Invalid when it fails. `flags`: SOCK_NONBLOCK to come back while it connects.
[[nodiscard]] UniqueFd connectTo(const IpAddress &address, std::uint16_t port, int flags = 0);
/// The address `number` places after this one; only for IPv4.
[[nodiscard]] IpAddress neighbour(const IpAddress &address, std::uint32_t number);

/// A file of sourceSize bytes in memory: sendfile() from it costs the sender no copy.
[[nodiscard]] UniqueFd memoryFile();
/// Reads and throws away without copying (MSG_TRUNC). As recv().
[[nodiscard]] ssize_t discard(int fd);

[[nodiscard]] bool sendAll(int fd, std::span<const std::byte> data);
[[nodiscard]] bool receiveAll(int fd, std::span<std::byte> data);

/// Gets the events of one descriptor.
class Handler
{
public:
    virtual ~Handler() = default;
    virtual void onEvents(std::uint32_t events) = 0;
};

/// An epoll loop that never ends.
class Poller
{
public:
    Poller();
    void watch(int fd, Handler &handler, std::uint32_t events);
    /// Deletes `object` after the current events, of which some may still be for it.
    template <typename T>
    void retire(T *object)
    {
        m_retired.emplace_back(object);
    }
    [[noreturn]] void run();

private:
    UniqueFd m_epoll;
    std::vector<std::shared_ptr<void>> m_retired;
};

// The parts of the program
// -----------------------------------------------------------------------------------------------

[[noreturn]] void serve();
[[noreturn]] void serveUpstream(std::uint16_t port);
/// The client ends print one line of JSON and return the exit status.
int sendBulk(const IpAddress &server, int connections, double seconds);
int receiveBulk(const IpAddress &server, int connections, double seconds);
int pingPong(const IpAddress &server, int connections, double seconds);
int connectAndClose(const IpAddress &server, int connections, double seconds);
int holdIdle(const IpAddress &server, int connections);
int holdUnread(const IpAddress &server, int connections);
int verify(const IpAddress &server, int connections, int mebibytes);
void answerVerify(UniqueFd connection);

} // namespace sluice::bench
