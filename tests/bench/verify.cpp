// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
//
// Both ends of `verify`: do the bytes arrive, all of them and unchanged, and does each direction outlive the other's
// end? The client sends a length (8 bytes), so many pseudo-random bytes, and ends its direction. Only then the server
// answers, with the hash of what it got (8 bytes) and as many pseudo-random bytes of its own.
#include "tests/bench/traffic.h"

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstring>
#include <sys/socket.h>
#include <thread>

namespace sluice::bench {

namespace {

constexpr std::size_t blockSize = 64 * 1024;
using Block = std::vector<std::byte>;

/// Marsaglia's xorshift64.
class RandomBytes
{
public:
    explicit RandomBytes(std::uint64_t seed)
        : m_state(seed | 1)
    {
    }
    std::uint64_t next()
    {
        m_state ^= m_state << 13;
        m_state ^= m_state >> 7;
        m_state ^= m_state << 17;
        return m_state;
    }
    void fill(std::span<std::byte> block)
    {
        for (std::size_t i = 0; i < block.size(); i += sizeof(std::uint64_t)) {
            const std::uint64_t value = next();
            std::memcpy(&block[i], &value, sizeof value);
        }
    }

private:
    std::uint64_t m_state;
};

/// FNV-1a, 64 bits.
class Hash
{
public:
    void add(std::span<const std::byte> bytes)
    {
        for (const std::byte byte : bytes)
            m_value = (m_value ^ std::to_integer<std::uint64_t>(byte)) * 1099511628211U;
    }
    [[nodiscard]] std::uint64_t value() const { return m_value; }

private:
    std::uint64_t m_value = 14695981039346656037U;
};

template <typename T>
std::span<const std::byte> bytesOf(const T &value)
{
    return std::as_bytes(std::span(&value, 1));
}

template <typename T>
std::span<std::byte> bytesOf(T &value)
{
    return std::as_writable_bytes(std::span(&value, 1));
}

/// Sends `block` in pieces of many sizes, so that the relay meets all of them.
bool sendInPieces(int fd, std::span<const std::byte> block, RandomBytes &random)
{
    while (!block.empty()) {
        const std::size_t size = std::min<std::size_t>(block.size(), 1 + random.next() % 40'000);
        if (!sendAll(fd, block.first(size)))
            return false;
        block = block.subspan(size);
    }
    return true;
}

bool upload(int fd, std::uint64_t length, std::uint64_t seed)
{
    RandomBytes random(seed), sizes(seed + 1);
    Hash hash;
    Block block(blockSize);
    if (!sendAll(fd, bytesOf(length)))
        return false;
    for (std::uint64_t sent = 0; sent < length; sent += blockSize) {
        random.fill(block);
        hash.add(block);
        if (!sendInPieces(fd, block, sizes))
            return false;
    }
    ::shutdown(fd, SHUT_WR);
    std::uint64_t answered = 0;
    return receiveAll(fd, bytesOf(answered)) && answered == hash.value();
}

bool download(int fd, std::uint64_t length)
{
    RandomBytes random(length);
    Block block(blockSize), expected(blockSize);
    for (std::uint64_t received = 0; received < length; received += blockSize) {
        random.fill(expected);
        if (!receiveAll(fd, block) || block != expected)
            return false;
    }
    std::byte beyond{};
    return ::recv(fd, &beyond, 1, 0) == 0;
}

bool verifyOne(const IpAddress &server, std::uint64_t length, std::uint64_t seed)
{
    const UniqueFd connection = connectTo(server, verifyPort);
    if (!connection)
        return false;
    makeBlocking(connection.get(), 10);
    return upload(connection.get(), length, seed) && download(connection.get(), length);
}

} // namespace

int verify(const IpAddress &server, int connections, int mebibytes)
{
    const auto length = static_cast<std::uint64_t>(mebibytes) * 1024 * 1024;
    std::atomic<int> wrong = 0;
    std::vector<std::thread> threads;
    for (int i = 0; i < connections; ++i) {
        threads.emplace_back([&, i] {
            if (!verifyOne(server, length, static_cast<std::uint64_t>(i) * 77 + 5))
                ++wrong;
        });
    }
    for (std::thread &thread : threads)
        thread.join();
    std::printf("{\"connections\":%d,\"wrong\":%d}\n", connections, wrong.load());
    return wrong == 0 ? 0 : 1;
}

void answerVerify(UniqueFd connection)
{
    std::uint64_t length = 0, received = 0;
    if (!receiveAll(connection.get(), bytesOf(length)))
        return;
    Hash hash;
    Block block(blockSize);
    ssize_t count = 0;
    while ((count = ::recv(connection.get(), block.data(), block.size(), 0)) > 0) {
        hash.add(std::span(block).first(static_cast<std::size_t>(count)));
        received += static_cast<std::uint64_t>(count);
    }
    if (received != length || !sendAll(connection.get(), bytesOf(hash.value())))
        return;
    RandomBytes random(length);
    for (std::uint64_t sent = 0; sent < length; sent += blockSize) {
        random.fill(block);
        if (!sendAll(connection.get(), block))
            return;
    }
}

} // namespace sluice::bench
