// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
//
// Builds ClientHellos byte by byte, right and wrong ones.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace sluice::test {

inline std::string be(std::size_t value, int size)
{
    std::string bytes;
    for (int shift = 8 * (size - 1); shift >= 0; shift -= 8)
        bytes += static_cast<char>(value >> shift & 0xff);
    return bytes;
}

/// A vector of TLS's presentation language: length, then bytes.
inline std::string vec(std::string_view bytes, int lengthSize)
{
    return be(bytes.size(), lengthSize).append(bytes);
}

inline std::string extension(unsigned type, std::string_view data)
{
    return be(type, 2) + vec(data, 2);
}

inline std::string serverNameEntry(std::string_view name, unsigned type = 0)
{
    return be(type, 1) + vec(name, 2);
}

inline std::string serverName(std::string_view name)
{
    return extension(0, vec(serverNameEntry(name), 2));
}

/// The handshake message; `extensions` without their common length.
inline std::string clientHello(std::string_view extensions)
{
    const std::string body = be(0x0303, 2) + std::string(32, 'r') + vec(std::string(32, 's'), 1) +
                             vec(be(0x1301, 2) + be(0x1302, 2), 2) + vec(std::string(1, '\0'), 1) + vec(extensions, 2);
    return be(1, 1) + vec(body, 3);
}

inline std::string record(std::string_view content, unsigned version = 0x0301)
{
    return be(22, 1) + be(version, 2) + vec(content, 2);
}

/// The message in records of at most `size` bytes of content.
inline std::string records(std::string_view message, std::size_t size)
{
    std::string bytes;
    for (; !message.empty(); message.remove_prefix(std::min(size, message.size())))
        bytes += record(message.substr(0, size));
    return bytes;
}

/// What a browser with post-quantum key exchange sends: GREASE first and last, an ECH extension, X25519MLKEM768 and
/// X25519 key shares (1,216 and 32 bytes), the name in the middle.
inline std::string browserHello(std::string_view name)
{
    const std::string shares = be(0x2a2a, 2) + vec(std::string(1, '\0'), 2) + be(0x11ec, 2) +
                               vec(std::string(1216, 'k'), 2) + be(0x001d, 2) + vec(std::string(32, 'x'), 2);
    return clientHello(extension(0x3a3a, "") + extension(0xfe0d, std::string(186, 'e')) +
                       extension(0x0033, vec(shares, 2)) + extension(0xff01, std::string(1, '\0')) + serverName(name) +
                       extension(0x0010, vec(vec("h2", 1) + vec("http/1.1", 1), 2)) + extension(0x0017, "") +
                       extension(0x5a5a, std::string(1, '\0')));
}

inline std::span<const std::byte> bytesOf(std::string_view text)
{
    return std::as_bytes(std::span(text));
}

} // namespace sluice::test
