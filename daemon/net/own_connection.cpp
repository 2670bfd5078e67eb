// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/net/own_connection.h"

#include <functional>
#include <mutex>
#include <unordered_set>

namespace sluice::net {

namespace {

std::mutex mutex;
// Guarded by `mutex`. Twice the same: a reset connection that is not closed yet, and the one that follows it.
std::unordered_multiset<std::uint64_t> connections;

std::uint64_t keyOf(const Endpoint &local, const Endpoint &peer)
{
    std::string bytes;
    for (const Endpoint &end : {local, peer}) {
        bytes.append(end.address.bytes().begin(), end.address.bytes().end());
        bytes += static_cast<char>(end.port >> 8);
        bytes += static_cast<char>(end.port & 0xff);
    }
    return std::hash<std::string>()(bytes);
}

} // namespace

OwnConnection::OwnConnection(const Endpoint &local, const Endpoint &peer)
    : m_key(keyOf(local, peer))
{
    const std::lock_guard lock(mutex);
    connections.insert(m_key);
}

OwnConnection::~OwnConnection()
{
    const std::lock_guard lock(mutex);
    connections.erase(connections.find(m_key));
}

bool OwnConnection::isOne(const Endpoint &client, const Endpoint &destination)
{
    const std::uint64_t key = keyOf(client, destination);
    const std::lock_guard lock(mutex);
    return connections.contains(key);
}

} // namespace sluice::net
