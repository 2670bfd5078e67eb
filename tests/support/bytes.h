// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
//
// Bytes in tests: written as hexadecimal text, and shown so when they differ.
#pragma once

#include <QByteArray>
#include <algorithm>
#include <iterator>
#include <string>
#include <string_view>

namespace sluice::test {

/// Bytes from hexadecimal text; spaces are for the reader.
[[nodiscard]] inline std::string hex(std::string_view digits)
{
    const auto nibble = [](char c) { return c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10; };
    std::string compact, bytes;
    std::copy_if(digits.begin(), digits.end(), std::back_inserter(compact), [](char c) { return c != ' '; });
    for (std::size_t i = 0; i + 1 < compact.size(); i += 2)
        bytes += static_cast<char>(nibble(compact[i]) << 4 | nibble(compact[i + 1]));
    return bytes;
}

/// For QCOMPARE, which prints it.
[[nodiscard]] inline QByteArray shown(std::string_view bytes)
{
    return QByteArray(bytes.data(), static_cast<qsizetype>(bytes.size())).toHex(' ');
}

} // namespace sluice::test
