// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/lab/tutorial_rules.h"

#include <sstream>

namespace sluice::lab {

namespace {

/// Collects commands for one family. `add` takes a command as words; "iptables" and "ip" mean the family's own.
class Commands
{
public:
    Commands(std::vector<Arguments> &list, Family family)
        : m_list(list)
        , m_isIpv6(family == Family::IPv6)
    {
    }

    void add(const std::string &text)
    {
        std::istringstream stream(text);
        Arguments command;
        for (std::string word; stream >> word;)
            command.push_back(word);
        if (m_isIpv6 && command[0] == "iptables")
            command[0] = "ip6tables";
        else if (m_isIpv6)
            command.insert(command.begin() + 1, "-6");
        m_list.push_back(std::move(command));
    }

    void returnReserved(const std::string &table, const std::string &chain)
    {
        const std::vector<std::string> v4{"127.0.0.0/8", "255.255.255.255/32"};
        const std::vector<std::string> v6{"::/128", "::1/128", "fe80::/10", "ff00::/8"};
        for (const std::string &prefix : m_isIpv6 ? v6 : v4)
            add("iptables -t " + table + " -A " + chain + " -p tcp -d " + prefix + " -j RETURN");
        add("iptables -t " + table + " -A " + chain + " -p tcp -m mark --mark 100 -j RETURN");
    }

private:
    std::vector<Arguments> &m_list;
    bool m_isIpv6;
};

void addTproxy(Commands commands, Mode mode)
{
    commands.add("ip rule add fwmark 1 lookup 100");
    commands.add("ip route add local default dev lo table 100");
    commands.add("iptables -t mangle -N DIVERT");
    commands.add("iptables -t mangle -A DIVERT -j MARK --set-mark 1");
    commands.add("iptables -t mangle -A DIVERT -j ACCEPT");
    commands.add("iptables -t mangle -A PREROUTING -p tcp -m socket -j DIVERT");
    commands.add("iptables -t mangle -N SLUICE");
    commands.returnReserved("mangle", "SLUICE");
    commands.add("iptables -t mangle -A SLUICE -p tcp -j TPROXY --tproxy-mark 0x1/0x1 --on-port 12345");
    commands.add("iptables -t mangle -A PREROUTING -p tcp -j SLUICE");
    if (mode == Mode::Gateway)
        return;
    commands.add("iptables -t mangle -N SLUICE_LOCAL");
    commands.returnReserved("mangle", "SLUICE_LOCAL");
    commands.add("iptables -t mangle -A SLUICE_LOCAL -p tcp -j MARK --set-mark 1");
    commands.add("iptables -t mangle -A OUTPUT -p tcp -j SLUICE_LOCAL");
}

void addRedirect(Commands commands, Mode mode)
{
    commands.add("iptables -t nat -N SLUICE");
    commands.returnReserved("nat", "SLUICE");
    commands.add("iptables -t nat -A SLUICE -p tcp -j REDIRECT --to-ports 12345");
    if (mode != Mode::Local)
        commands.add("iptables -t nat -A PREROUTING -p tcp -j SLUICE");
    if (mode != Mode::Gateway)
        commands.add("iptables -t nat -A OUTPUT -p tcp -j SLUICE");
}

std::vector<Family> families(bool withIpv6)
{
    return withIpv6 ? std::vector{Family::IPv4, Family::IPv6} : std::vector{Family::IPv4};
}

} // namespace

std::vector<Arguments> tutorialRules(bool isTproxy, Mode mode, bool withIpv6)
{
    std::vector<Arguments> list;
    for (const Family family : families(withIpv6)) {
        if (isTproxy)
            addTproxy(Commands(list, family), mode);
        else
            addRedirect(Commands(list, family), mode);
    }
    return list;
}

std::vector<Arguments> tutorialCleanup(bool isTproxy, bool withIpv6)
{
    const std::string table = isTproxy ? "mangle" : "nat";
    std::vector<Arguments> list;
    for (const Family family : families(withIpv6)) {
        Commands commands(list, family);
        commands.add("iptables -t " + table + " -F");
        commands.add("iptables -t " + table + " -X");
        if (isTproxy) {
            commands.add("ip rule del fwmark 1 lookup 100");
            commands.add("ip route flush table 100");
        }
    }
    return list;
}

} // namespace sluice::lab
