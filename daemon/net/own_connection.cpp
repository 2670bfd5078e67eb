// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/net/own_connection.h"

#include <mutex>

namespace sluice::net {

namespace {

std::mutex mutex;
std::multiset<Endpoint> connections; // guarded by `mutex`

} // namespace

OwnConnection::OwnConnection(const Endpoint &local)
{
    const std::lock_guard lock(mutex);
    m_place = connections.insert(local);
}

OwnConnection::~OwnConnection()
{
    const std::lock_guard lock(mutex);
    connections.erase(m_place);
}

bool OwnConnection::isOne(const Endpoint &client)
{
    const std::lock_guard lock(mutex);
    return connections.contains(client);
}

} // namespace sluice::net
