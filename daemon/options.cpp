// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/options.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace sluice {

namespace {

Error usage(std::string message)
{
    return {ErrorCode::InvalidArgument, std::move(message), 0};
}

/// One of `allowed`, or an error that lists them.
Result<std::string> oneOf(std::string_view option, const std::string &value, std::span<const std::string_view> allowed)
{
    if (std::find(allowed.begin(), allowed.end(), value) != allowed.end())
        return value;
    std::string list;
    for (const std::string_view word : allowed)
        list.append(list.empty() ? "" : ", ").append(word);
    return usage("option " + std::string(option) + " is '" + value + "'; it takes one of " + list);
}

Result<void> setValue(Options &options, std::string_view name, const std::string &value)
{
    const auto choose = [&](std::string &into, std::initializer_list<std::string_view> allowed) -> Result<void> {
        auto chosen = oneOf(name, value, std::span(allowed.begin(), allowed.size()));
        if (!chosen)
            return std::move(chosen).error();
        into = std::move(*chosen);
        return {};
    };
    if (name == "-L") {
        options.config.services.push_back(value);
    } else if (name == "-F") {
        options.config.nodes.push_back(value);
    } else if (name == "-C") {
        options.config.files.push_back(value);
    } else if (name == "-O") {
        options.print = value == "json" ? "json" : "yaml"; // GOST prints YAML for any other word
    } else if (name == "--rules") {
        return choose(options.rules, {"none", "gateway", "local", "both"});
    } else if (name == "--flavour") {
        return choose(options.flavour, {"exact", "safe"});
    } else if (name == "--backend") {
        return choose(options.backend, {"iptables", "nftables"});
    } else if (name == "--family") {
        return choose(options.families, {"4", "6", "both"});
    } else if (name == "--intercept") {
        for (std::size_t begin = 0; begin <= value.size();) {
            const std::size_t end = std::min(value.find(',', begin), value.size());
            const auto prefix = Cidr::parse(std::string_view(value).substr(begin, end - begin));
            if (!prefix)
                return usage("option --intercept: '" + value.substr(begin, end - begin) + "' is no prefix such as 10.0.10.0/24");
            options.intercept.push_back(*prefix);
            begin = end + 1;
        }
    } else if (name == "--drain") {
        const auto duration = parseDuration(value);
        if (!duration || duration->count() < 0)
            return usage("option --drain: '" + value + "' is no duration such as 10s");
        options.drain = *duration;
    } else if (name == "--workers") {
        const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), options.workers);
        if (error != std::errc{} || end != value.data() + value.size() || options.workers < 1 || options.workers > 64)
            return usage("option --workers: '" + value + "' is no number from 1 to 64");
    }
    return {};
}

} // namespace

Result<Options> parseOptions(std::span<const std::string> arguments)
{
    static constexpr std::array<std::string_view, 11> withValue{
        "-L", "-F", "-C", "-O", "--rules", "--flavour", "--backend", "--family", "--intercept", "--drain", "--workers"};
    Options options;
    for (std::size_t i = 0; i < arguments.size(); ++i) {
        std::string name = arguments[i];
        std::optional<std::string> value;
        if (const auto equals = name.find('='); name.starts_with('-') && equals != std::string::npos) {
            value = name.substr(equals + 1);
            name.resize(equals);
        }
        // Go's flag package takes -L and --L alike.
        if (name.size() == 3 && name.starts_with("--"))
            name.erase(0, 1);
        if (std::find(withValue.begin(), withValue.end(), name) != withValue.end()) {
            if (!value) {
                if (i + 1 == arguments.size())
                    return usage("option " + name + " needs a value");
                value = arguments[++i];
            }
            if (auto set = setValue(options, name, *value); !set)
                return std::move(set).error();
        } else if (name == "-D" || name == "-DD" || name == "--DD") {
            options.debug = name == "-D" ? 1 : 2;
        } else if (name == "-V" || name == "--version") {
            options.showsVersion = true;
        } else if (name == "-h" || name == "--help") {
            options.showsHelp = true;
        } else {
            return usage("unknown argument '" + arguments[i] + "'; 'sluiced --help' lists the options");
        }
    }
    return options;
}

std::string_view helpText()
{
    return R"(usage: sluiced [-L URL]… [-F URL]… [-C FILE]… [OPTION]…

Takes the TCP connections that the kernel diverts to it and forwards them through a chain of proxies.

  -L URL            a service, as in GOST: red://:12345?tproxy=true&sniffing=true, relay://:8420 (repeatable)
  -F URL            a hop of the chain: socks5://user:pass@host:1080, relay+tls://host:443?so_mark=100 (repeatable)
  -C FILE           a configuration in GOST's YAML or JSON; - reads standard input (repeatable)
  -O yaml|json      print the resulting configuration and exit
  -D, -DD           log debug or trace messages
  -V, --version     print the version and exit

  --rules MODE      also install the rules that divert traffic, and remove them at the end, however it ends:
                    none (default), gateway (forwarded traffic), local (this machine's), both
  --flavour WORD    safe (default: with guards) or exact (the tutorial's rules to the letter)
  --backend WORD    iptables (default) or nftables
  --family WORD     4, 6 or both (default)
  --intercept CIDR  divert this prefix although it is reserved or attached (repeatable, comma list)
  --drain DURATION  how long open connections may go on after SIGTERM (default 10s)
  --workers N       I/O threads (default: half the processors, 1 to 4)

SIGHUP reads the configuration again; SIGTERM and SIGINT drain and exit 0, a second one exits at once.
Exit: 0 done, 1 could not start, 2 wrong usage, 3 invalid configuration.

  sluiced -L "red://:12345?sniffing=true&tproxy=true" -F "relay://192.0.2.1:8420?so_mark=100" --rules gateway
)";
}

} // namespace sluice
