// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/dns/resolv_conf.h"

#include "daemon/policy/file_list.h"

#include <algorithm>
#include <charconv>
#include <optional>

namespace sluice::dns {

namespace {

constexpr std::uint16_t dnsPort = 53;
constexpr std::size_t maxNameservers = 3;
constexpr int maxTimeout = 30;
constexpr int maxAttempts = 5;

/// Takes the next word off `line`; empty at the end.
std::string_view takeWord(std::string_view &line)
{
    constexpr std::string_view blanks = " \t\r";
    line.remove_prefix(std::min(line.find_first_not_of(blanks), line.size()));
    const std::string_view word = line.substr(0, line.find_first_of(blanks));
    line.remove_prefix(word.size());
    return word;
}

/// The number of "name:number", at least 0 and at most `limit`.
std::optional<int> numberOf(std::string_view option, std::string_view name, int limit)
{
    if (!option.starts_with(name))
        return std::nullopt;
    option.remove_prefix(name.size());
    int number = 0;
    const auto [end, error] = std::from_chars(option.data(), option.data() + option.size(), number);
    if (error == std::errc::result_out_of_range)
        return limit;
    if (error != std::errc{} || end != option.data() + option.size() || number < 0)
        return std::nullopt;
    return std::min(number, limit);
}

void readOption(std::string_view option, ResolvConf &conf)
{
    if (const auto seconds = numberOf(option, "timeout:", maxTimeout))
        conf.timeout = std::chrono::seconds(std::max(*seconds, 1));
    else if (const auto attempts = numberOf(option, "attempts:", maxAttempts))
        conf.attempts = std::max(*attempts, 1);
    else if (option == "rotate")
        conf.isRotating = true;
}

} // namespace

ResolvConf parseResolvConf(std::string_view text)
{
    ResolvConf conf;
    while (!text.empty()) {
        std::string_view line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(text.size(), line.size() + 1));
        const std::string_view keyword = takeWord(line);
        if (keyword == "nameserver") {
            const auto address = IpAddress::parse(takeWord(line));
            if (address && conf.nameservers.size() < maxNameservers)
                conf.nameservers.push_back({*address, dnsPort});
        } else if (keyword == "options") {
            for (std::string_view option = takeWord(line); !option.empty(); option = takeWord(line))
                readOption(option, conf);
        }
    }
    if (conf.nameservers.empty())
        conf.nameservers.push_back({IpAddress::loopback(Family::IPv4), dnsPort});
    return conf;
}

policy::Hosts parseEtcHosts(std::string_view text)
{
    return policy::Hosts({}, policy::listLines(text));
}

} // namespace sluice::dns
