// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
//
// GOST's bypass lists, compiled: does a destination stand on a list? On a service that means "refuse", on a hop or node
// "leave it out". Names are never resolved here.
#pragma once

#include "daemon/config/config.h"
#include "daemon/policy/address_set.h"
#include "daemon/policy/name_set.h"
#include "daemon/policy/network.h"
#include "daemon/policy/port_set.h"
#include "helper/base/ip_address.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::policy {

/// Where a connection is to go, by all that is known about it. Thread: any.
struct Destination
{
    Network network = Network::Tcp;
    std::uint16_t port = 0;
    std::optional<IpAddress> address; ///< the original address; nothing when a client asked a proxy for a name
    /// The name as daemon/sniff/host_name.h normalises it, or an address as text (a client may write one as its host).
    /// Empty: there is none, or it is not known yet. A view: valid during the call.
    std::string_view name;
};

/// One list. Immutable; shared by all workers and replaced as a whole on reload, hence shared_ptr at the users.
/// Thread: any.  Errors: none; patterns that can match nothing are listed for the user.
class Bypass
{
public:
    /// `fileLines` are the lines of `config.file` (file_list.h), which the caller reads.
    explicit Bypass(const config::BypassConfig &config, const std::vector<std::string> &fileLines = {});

    [[nodiscard]] bool isWhitelist() const { return m_isWhitelist; }
    /// False when the list has no say about this network, or is empty: it then refuses nothing.
    [[nodiscard]] bool appliesTo(Network network) const;
    /// Does a pattern match the address or the name?
    [[nodiscard]] bool matches(const Destination &destination) const;
    /// Is there a pattern that only a name can match?
    [[nodiscard]] bool hasNamePatterns() const { return !m_names.empty() || m_hasNameGlobs; }
    /// Patterns that can match nothing: misspelt ports, ranges, names. A whitelist of only these refuses all.
    [[nodiscard]] const std::vector<std::string> &unusablePatterns() const { return m_unusable; }

private:
    struct AddressPorts
    {
        IpAddress address;
        PortRange ports;
    };
    struct NamePorts
    {
        PortSet exact; ///< for the name itself
        PortSet below; ///< for its subdomains
    };
    struct Glob
    {
        std::string pattern;
        PortRange ports;
        bool mayMatchAddress = false;
    };

    bool add(std::string_view pattern, std::vector<AddressRange> &ranges);
    bool addName(std::string name, PortRange ports);
    [[nodiscard]] bool matchesAddress(const IpAddress &address, std::uint16_t port) const;
    [[nodiscard]] bool matchesName(std::string_view name, std::uint16_t port) const;

    bool m_isWhitelist = false;
    bool m_isEmpty = true;
    std::optional<Network> m_network;
    bool m_isForUnknownNetwork = false; ///< "network: x", neither tcp nor udp: never applies
    bool m_hasNameGlobs = false;
    bool m_hasAddressGlobs = false;
    AddressSet m_addresses;                   ///< with any port
    std::vector<AddressPorts> m_addressPorts; ///< sorted by address
    NameMap<NamePorts> m_names;
    std::vector<Glob> m_globs;
    std::vector<std::string> m_unusable;
};

enum class Decision : std::uint8_t {
    Allow,
    Refuse,
    NeedName, ///< the address alone is not allowed, but a name could be; whoever has no name treats it as Refuse
};

/// The lists of one service, hop or node, decided together: a blacklist refuses when the address or the name is on it;
/// of the whitelists that apply, one must have the address or the name. Where GOST checks address and name one after
/// the other, a whitelist of names refuses every address and an allowed name hides a blocked address; here neither
/// happens.
///
/// Ask when the address is known, and again when the name is: a blacklist may hold the name.
/// A whitelist that allows a name allows that name to be dialled, no more: before dialling the original address after
/// all (sniffing.fallback), ask again without the name.
/// Immutable. Thread: any.
class BypassGroup
{
public:
    BypassGroup() = default; ///< allows everything
    explicit BypassGroup(std::vector<std::shared_ptr<const Bypass>> lists)
        : m_lists(std::move(lists))
    {
    }

    [[nodiscard]] bool isEmpty() const { return m_lists.empty(); }
    /// NeedName only when `destination.name` is empty.
    [[nodiscard]] Decision decide(const Destination &destination) const;

private:
    std::vector<std::shared_ptr<const Bypass>> m_lists; ///< shared with other groups that name the same list
};

} // namespace sluice::policy
