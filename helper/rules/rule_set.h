// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
//
// Rules as values, in the words that iptables and nftables share. Made by rule_builder.h, printed by the *_script.h.
// Thread: any (plain values).
#pragma once

#include "helper/plan/interception_plan.h"

#include <string>
#include <variant>
#include <vector>

namespace sluice::rules {

enum class Table { Mangle, Nat, Filter };
enum class Hook { Prerouting, Input, Output };
enum class Protocol { Tcp, Udp };
enum class DestinationType { Local, Broadcast };

/// A socket of this machine that the packet belongs to, wildcard listeners left out.
enum class SocketMatch { Any, Transparent };

struct PortMatch
{
    std::vector<std::uint16_t> ports; ///< 1 to 15, multiport's limit; the rule has a protocol too
    bool isNegated = false;
    friend bool operator==(const PortMatch &, const PortMatch &) = default;
};

struct MarkMatch
{
    plan::Mark mark;
    bool isNegated = false;
    friend bool operator==(const MarkMatch &, const MarkMatch &) = default;
};

struct Return
{
    friend bool operator==(const Return &, const Return &) = default;
};
struct Accept
{
    friend bool operator==(const Accept &, const Accept &) = default;
};
struct Jump
{
    std::string chain;
    friend bool operator==(const Jump &, const Jump &) = default;
};
struct SetMark
{
    plan::Mark mark;
    friend bool operator==(const SetMark &, const SetMark &) = default;
};
/// To the listener on `port` with `mark`. Never lets a packet go on when nobody listens.
struct Tproxy
{
    std::uint16_t port = 0;
    plan::Mark mark;
    friend bool operator==(const Tproxy &, const Tproxy &) = default;
};
struct Redirect
{
    std::uint16_t port = 0;
    friend bool operator==(const Redirect &, const Redirect &) = default;
};
/// To `port` on the loopback address of the packet's family.
struct DnatToLoopback
{
    std::uint16_t port = 0;
    friend bool operator==(const DnatToLoopback &, const DnatToLoopback &) = default;
};
/// TCP: a reset. UDP: ICMP port unreachable.
struct Reject
{
    friend bool operator==(const Reject &, const Reject &) = default;
};

using Action = std::variant<Return, Accept, Jump, SetMark, Tproxy, Redirect, DnatToLoopback, Reject>;

/// One rule: all matches that are set must hold.
struct Rule
{
    Action action;
    std::string comment;          ///< fixed text of ours that starts with "sluice", or empty (exact flavour)
    std::optional<Family> family; ///< none: both. A destination fixes it as well.
    std::optional<Cidr> destination;
    std::string inInterface, outInterface;
    std::optional<Protocol> protocol;
    std::optional<PortMatch> destinationPorts;
    std::optional<MarkMatch> mark;
    std::optional<SocketMatch> socket;
    bool isReply = false;   ///< conntrack: in reply direction
    bool isNotDnat = false; ///< conntrack: its destination was not rewritten
    std::optional<DestinationType> destinationType;
    std::optional<std::uint32_t> uid;

    [[nodiscard]] bool appliesTo(Family wanted) const
    {
        return (!family || *family == wanted) && (!destination || destination->family() == wanted);
    }
    friend bool operator==(const Rule &, const Rule &) = default;
};

struct Chain
{
    std::string name;
    std::vector<Rule> rules;
    friend bool operator==(const Chain &, const Chain &) = default;
};

/// A rule in a chain of the kernel's.
struct HookRule
{
    Hook hook = Hook::Prerouting;
    Rule rule;
    bool isFirst = false; ///< before all others there, so that no earlier accept hides it
    friend bool operator==(const HookRule &, const HookRule &) = default;
};

struct TableRules
{
    Table table = Table::Mangle;
    std::vector<Chain> chains; ///< before those that jump to them
    std::vector<HookRule> hookRules;
    friend bool operator==(const TableRules &, const TableRules &) = default;
};

struct IpRule
{
    Family family = Family::IPv4;
    plan::Mark mark;
    bool isFromLoopback = false;        ///< "iif lo"
    std::optional<std::uint32_t> table; ///< none: main
    std::optional<std::uint32_t> preference;
    std::optional<std::uint8_t> protocol;
    friend bool operator==(const IpRule &, const IpRule &) = default;
};

/// "local default dev lo": everything in this table is delivered to this machine.
struct LocalRoute
{
    Family family = Family::IPv4;
    std::uint32_t table = 0;
    std::optional<std::uint8_t> protocol;
    friend bool operator==(const LocalRoute &, const LocalRoute &) = default;
};

struct RuleSet
{
    std::vector<Family> families;
    std::string chainPrefix;
    std::vector<TableRules> tables;
    std::vector<IpRule> ipRules;
    std::vector<LocalRoute> routes;
    friend bool operator==(const RuleSet &, const RuleSet &) = default;
};

} // namespace sluice::rules
