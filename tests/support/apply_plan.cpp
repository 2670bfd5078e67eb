// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
//
// Applies or removes interception rules in the current network namespace, for tests. Unlike sluiced it runs no proxy.
// apply_plan [OPTION VALUE]… apply|remove|script|hold|repeat N
//   hold: applies under a guard, prints "ready JANITOR-PID", removes at end of input.  repeat: N applies, one removal.
#include "helper/apply/interception_guard.h"
#include "helper/apply/process_runner.h"
#include "helper/apply/rule_applier.h"
#include "helper/rules/rule_preview.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <map>
#include <sstream>

using namespace sluice;
using namespace sluice::apply;
using namespace sluice::plan;

namespace {

[[noreturn]] void fail(const std::string &text)
{
    std::fprintf(stderr, "%s\n", text.c_str());
    std::exit(1);
}

template <typename T>
T need(Result<T> result)
{
    if (!result)
        fail(result.error().message);
    return std::move(result).value();
}

void need(const Result<void> &result)
{
    if (!result)
        fail(result.error().message);
}

std::vector<std::string> split(const std::string &text)
{
    std::vector<std::string> parts;
    std::istringstream stream(text);
    for (std::string part; std::getline(stream, part, ',');)
        parts.push_back(part);
    return parts;
}

std::vector<Cidr> prefixes(const std::string &text)
{
    std::vector<Cidr> list;
    for (const std::string &part : split(text))
        list.push_back(Cidr::parse(part).value());
    return list;
}

std::uint32_t number(const std::string &text)
{
    return static_cast<std::uint32_t>(std::strtoul(text.c_str(), nullptr, 0));
}

std::uint16_t port(const std::string &text)
{
    return static_cast<std::uint16_t>(number(text));
}

InterceptionPlan planFrom(std::map<std::string, std::string> options)
{
    InterceptionPlan plan = options["--flavour"] == "exact" ? InterceptionPlan::exact() : InterceptionPlan::safe();
    for (const auto &[name, value] : options) {
        if (name == "--mode")
            plan.mode = value == "local" ? Mode::Local : value == "both" ? Mode::Both : Mode::Gateway;
        else if (name == "--family")
            plan.families = value == "4" ? Families::IPv4 : value == "6" ? Families::IPv6 : Families::Both;
        else if (name == "--backend")
            plan.backEnd = value == "nftables" ? BackEnd::Nftables : BackEnd::Iptables;
        else if (name == "--redirect")
            plan.tcpRedirectPort = port(value);
        else if (name == "--tproxy")
            plan.tcpTproxyPort = port(value);
        else if (name == "--udp")
            plan.udpTproxyPort = port(value);
        else if (name == "--bypass")
            plan.bypassPrefixes = prefixes(value);
        else if (name == "--intercept")
            plan.interceptPrefixes = prefixes(value);
        else if (name == "--attached")
            plan.attachedNetworks = prefixes(value);
        else if (name == "--upstream")
            plan.upstreams.push_back(Endpoint::parse(value).value());
        else if (name == "--uid")
            plan.engineUid = number(value);
        else if (name == "--mark") {
            for (const std::string &part : split(value))
                plan.egressMarks.push_back({number(part)});
        } else if (name == "--except-ports") {
            for (const std::string &part : split(value))
                plan.exceptPorts.push_back(port(part));
        } else if (name == "--only-interfaces")
            plan.onlyInterfaces = split(value);
        else if (name == "--except-interfaces")
            plan.exceptInterfaces = split(value);
        else if (name == "--prefix")
            plan.chainPrefix = value;
    }
    return plan;
}

} // namespace

int main(int argc, char **argv)
{
    std::map<std::string, std::string> options;
    int next = 1;
    for (; next + 1 < argc && std::strncmp(argv[next], "--", 2) == 0; next += 2)
        options[argv[next]] = argv[next + 1];
    if (next >= argc)
        fail("no word given");
    const std::string word = argv[next];
    const InterceptionPlan plan = planFrom(options);

    ApplyOptions applyOptions;
    applyOptions.runtimeFolder = options["--state"];
    if (options.count("--iptables") > 0)
        applyOptions.iptables = options["--iptables"];
    if (options.count("--tools") > 0)
        applyOptions.toolFolders = split(options["--tools"]);
    ProcessRunner runner(applyOptions.toolFolders);
    RuleApplier applier(runner, applyOptions);

    if (word == "script") {
        std::cout << rules::previewText(plan, rules::Direction::Apply);
    } else if (word == "undo-script") {
        std::cout << rules::previewText(plan, rules::Direction::Undo);
    } else if (word == "apply") {
        const AppliedRules applied = need(applier.apply(plan));
        std::cout << applied.plan.routingTable << "\n";
    } else if (word == "remove") {
        need(applier.remove());
    } else if (word == "repeat" && next + 1 < argc) {
        for (std::uint32_t left = number(argv[next + 1]); left > 0; --left)
            need(applier.apply(plan));
    } else if (word == "hold") {
        const std::unique_ptr<InterceptionGuard> guard = need(InterceptionGuard::start(plan, applyOptions));
        std::cout << "ready " << guard->janitorPid() << std::endl;
        for (std::string line; std::getline(std::cin, line);) {
            if (line == "restart-janitor") {
                need(guard->restartJanitor());
                std::cout << "ready " << guard->janitorPid() << std::endl;
            }
        }
        need(guard->stop());
        std::cout << "stopped" << std::endl;
    } else {
        fail("unknown word " + word);
    }
    return 0;
}
