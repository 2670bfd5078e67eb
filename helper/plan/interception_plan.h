// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
//
// What is to be intercepted and how, as one value. It holds numbers and addresses only: no rule text, no path.
// plan_validator.h says whether a plan can be used; helper/rules turns it into rules.
#pragma once

#include "helper/base/ip_address.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace sluice::plan {

enum class BackEnd { Iptables, Nftables };

/// Exact: the rules of GOST's transparent proxy tutorial. Safe: the same effect plus guards.
enum class Flavour { Exact, Safe };

/// Gateway: what this machine forwards. Local: what its own programs send.
enum class Mode { Gateway, Local, Both };

enum class Families { IPv4, IPv6, Both };

/// A packet mark (SO_MARK, fwmark) and the bits of it that count. Thread: any (plain value).
struct Mark
{
    std::uint32_t value = 0;
    std::uint32_t mask = 0xffffffff;

    [[nodiscard]] bool matches(std::uint32_t mark) const { return (mark & mask) == value; }
    friend bool operator==(const Mark &, const Mark &) = default;
};

/// The plan. Start from exact() or safe(), which hold the numbers of that flavour.
/// The exact flavour uses only the ports, egressMarks, gatewayMark, routingTable and bypassPrefixes; of the upstreams
/// it uses the ports, in the tutorial's recipe without marks. The validator refuses the rest there. Thread: any (plain
/// value).
struct InterceptionPlan
{
    [[nodiscard]] static InterceptionPlan exact();
    [[nodiscard]] static InterceptionPlan safe();

    /// What the daemon puts on every socket that the configuration gives no mark, while interception is on.
    static constexpr std::uint32_t exactGuardMark = 100;
    static constexpr std::uint32_t safeGuardMark = 0x3000; ///< among safe()'s egressMarks

    BackEnd backEnd = BackEnd::Iptables;
    Flavour flavour = Flavour::Safe;
    Mode mode = Mode::Gateway;
    Families families = Families::Both;

    /// Where the daemon listens. TCP is taken by REDIRECT or by TPROXY, not by both.
    std::optional<std::uint16_t> tcpRedirectPort;
    std::optional<std::uint16_t> tcpTproxyPort;
    std::optional<std::uint16_t> udpTproxyPort;

    std::vector<Mark> egressMarks; ///< traffic of the proxy itself: never intercepted
    Mark gatewayMark;              ///< put on forwarded packets on their way to a TPROXY listener
    Mark localMark;                ///< put on the machine's own packets so that they are routed back in

    std::uint32_t routingTable = 0;
    std::optional<std::uint32_t> rulePreference; ///< none: the kernel chooses
    std::optional<std::uint8_t> routeProtocol;   ///< owner tag on ip rules and routes

    std::vector<Cidr> interceptPrefixes;    ///< intercepted although they are bypassed below
    std::vector<Cidr> bypassPrefixes;       ///< never intercepted, besides the reserved ranges of the flavour
    std::vector<Cidr> attachedNetworks;     ///< networks that this machine is on: never intercepted
    std::vector<Endpoint> upstreams;        ///< proxies that the daemon dials: never intercepted
    std::optional<std::uint32_t> engineUid; ///< the daemon's user: its traffic is never intercepted

    /// Limits of scope; an empty "only" list means all.
    std::vector<std::string> onlyInterfaces, exceptInterfaces; ///< gateway mode: where packets come in
    std::vector<std::uint32_t> onlyUids, exceptUids;           ///< local mode: who sends
    std::vector<std::uint16_t> onlyPorts, exceptPorts;         ///< original destination ports

    std::string chainPrefix = "SLUICE"; ///< chains SLUICE, SLUICE_LOCAL, SLUICE_DIVERT; nft table "sluice"

    [[nodiscard]] bool coversGateway() const { return mode != Mode::Local; }
    [[nodiscard]] bool coversLocal() const { return mode != Mode::Gateway; }
    [[nodiscard]] bool covers(Family family) const;
    [[nodiscard]] bool usesTproxy() const { return tcpTproxyPort || udpTproxyPort; }
    /// The tutorial's "local global TCP proxy": no marks; the proxy's connections are told by their ports.
    [[nodiscard]] bool usesPortRecipe() const;

    friend bool operator==(const InterceptionPlan &, const InterceptionPlan &) = default;
};

} // namespace sluice::plan
