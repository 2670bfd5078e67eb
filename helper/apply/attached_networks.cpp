// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "helper/apply/attached_networks.h"

#include <bit>
#include <cstring>
#include <ifaddrs.h>
#include <memory>
#include <net/if.h>
#include <netinet/in.h>
#include <set>

namespace sluice::apply {

namespace {

std::optional<IpAddress> addressOf(const sockaddr *address)
{
    if (address == nullptr || (address->sa_family != AF_INET && address->sa_family != AF_INET6))
        return std::nullopt;
    sockaddr_storage storage{};
    std::memcpy(&storage, address, address->sa_family == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6));
    const std::optional<Endpoint> endpoint = Endpoint::fromSockaddr(storage);
    return endpoint ? std::optional(endpoint->address) : std::nullopt;
}

} // namespace

std::vector<Cidr> attachedNetworks()
{
    ifaddrs *first = nullptr;
    if (::getifaddrs(&first) != 0)
        return {};
    const std::unique_ptr<ifaddrs, void (*)(ifaddrs *)> owner(first, ::freeifaddrs);
    std::set<Cidr> networks;
    for (const ifaddrs *item = first; item != nullptr; item = item->ifa_next) {
        const std::optional<IpAddress> address = addressOf(item->ifa_addr), mask = addressOf(item->ifa_netmask);
        if ((item->ifa_flags & IFF_LOOPBACK) != 0 || !address || !mask)
            continue;
        int length = 0;
        for (const std::uint8_t byte : mask->bytes())
            length += std::popcount(byte);
        // Length 0 is no network that one could leave out.
        if (length > 0 && length < address->bitLength())
            networks.insert(Cidr(*address, length));
    }
    return {networks.begin(), networks.end()};
}

} // namespace sluice::apply
