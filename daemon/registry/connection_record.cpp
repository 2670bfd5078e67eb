// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/registry/connection_record.h"

#include <array>
#include <atomic>
#include <random>

namespace sluice::registry {

std::uint64_t nextConnectionId()
{
    static std::atomic<std::uint64_t> last{0};
    return last.fetch_add(1, std::memory_order_relaxed) + 1;
}

std::string ConnectionRecord::sid() const
{
    static const std::uint64_t process = std::random_device{}() * 0x100000001ULL;
    const auto seconds = static_cast<std::uint64_t>(std::chrono::system_clock::to_time_t(accepted));
    std::array<std::uint8_t, 13> bytes{}; // 12, and a zero that the last digit reaches into
    for (std::size_t i = 0; i < 4; ++i)
        bytes[i] = static_cast<std::uint8_t>(seconds >> (24 - 8 * i));
    for (std::size_t i = 0; i < 5; ++i)
        bytes[4 + i] = static_cast<std::uint8_t>(process >> (8 * i));
    for (std::size_t i = 0; i < 3; ++i)
        bytes[9 + i] = static_cast<std::uint8_t>(id >> (16 - 8 * i));

    constexpr std::string_view digits = "0123456789abcdefghijklmnopqrstuv";
    std::string text(20, '0');
    for (std::size_t i = 0; i < text.size(); ++i) {
        const std::size_t bit = 5 * i;
        const unsigned pair = (static_cast<unsigned>(bytes[bit / 8]) << 8) | bytes[bit / 8 + 1];
        text[i] = digits[(pair >> (11 - bit % 8)) & 31U];
    }
    return text;
}

} // namespace sluice::registry
