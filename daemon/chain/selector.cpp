// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/chain/selector.h"

#include <algorithm>
#include <array>
#include <limits>

namespace sluice::chain {

namespace {

/// CRC-32 as in IEEE 802.3, which GOST hashes with: the same clients stay on the same nodes after a move from it.
constexpr std::array<std::uint32_t, 256> crcTable = [] {
    std::array<std::uint32_t, 256> table{};
    for (std::uint32_t i = 0; i < table.size(); ++i) {
        std::uint32_t value = i;
        for (int bit = 0; bit < 8; ++bit)
            value = (value & 1) != 0 ? value >> 1 ^ 0xedb88320U : value >> 1;
        table[i] = value;
    }
    return table;
}();

std::uint32_t crc32(std::string_view text)
{
    std::uint32_t crc = 0xffffffffU;
    for (const char c : text)
        crc = crcTable[(crc ^ static_cast<unsigned char>(c)) & 0xff] ^ crc >> 8;
    return ~crc;
}

std::uint64_t weightOf(const Candidate &node)
{
    return static_cast<std::uint64_t>(std::max(node.weight, 1));
}

} // namespace

Strategy strategyNamed(std::string_view name)
{
    if (name == "random" || name == "rand")
        return Strategy::Random;
    if (name == "fifo" || name == "ha")
        return Strategy::Fifo;
    if (name == "hash")
        return Strategy::Hash;
    return Strategy::Round;
}

std::optional<std::size_t> selectNode(std::span<const Candidate> nodes, const Selection &how)
{
    const auto isAlive = [](const Candidate &node) { return node.isEligible && !node.hasFailed; };
    bool isBackupTurn = true;
    bool isAnyAlive = false;
    for (const Candidate &node : nodes) {
        if (isAlive(node)) {
            isAnyAlive = true;
            isBackupTurn &= node.isBackup;
        }
    }
    if (!isAnyAlive) {
        const auto lastResort =
            std::find_if(nodes.begin(), nodes.end(), [](const Candidate &node) { return node.isEligible; });
        return lastResort == nodes.end() ? std::nullopt
                                         : std::optional(static_cast<std::size_t>(lastResort - nodes.begin()));
    }

    int priority = std::numeric_limits<int>::min();
    for (const Candidate &node : nodes) {
        if (isAlive(node) && node.isBackup == isBackupTurn)
            priority = std::max(priority, node.priority);
    }
    const auto isChoice = [&](const Candidate &node) {
        return isAlive(node) && node.isBackup == isBackupTurn && node.priority == priority;
    };
    std::uint64_t count = 0;
    std::uint64_t totalWeight = 0;
    for (const Candidate &node : nodes) {
        if (isChoice(node)) {
            ++count;
            totalWeight += weightOf(node);
        }
    }

    // Each choice takes as many places as it weighs (one, but for Random); the strategy names the place.
    std::uint64_t place = 0;
    const bool isWeighted = how.strategy == Strategy::Random;
    switch (how.strategy) {
    case Strategy::Round:
        place = count > 1 && how.turn != nullptr ? how.turn->fetch_add(1, std::memory_order_relaxed) % count : 0;
        break;
    case Strategy::Random: place = how.random % totalWeight; break;
    case Strategy::Fifo: break;
    case Strategy::Hash: place = (how.hashSource.empty() ? how.random : crc32(how.hashSource)) % count; break;
    }
    for (std::size_t i = 0; i < nodes.size(); ++i) {
        if (!isChoice(nodes[i]))
            continue;
        const std::uint64_t places = isWeighted ? weightOf(nodes[i]) : 1;
        if (place < places)
            return i;
        place -= places;
    }
    return std::nullopt; // never reached: the place is below the sum of all places
}

} // namespace sluice::chain
