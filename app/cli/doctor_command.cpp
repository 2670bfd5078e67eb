// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/cli/doctor_command.h"

#include "app/lab/processes.h"

#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <linux/capability.h>
#include <sched.h>
#include <sstream>
#include <sys/resource.h>
#include <unistd.h>

namespace sluice::cli {

namespace {

using lab::Arguments;
using lab::isInstalled;
using Findings = std::vector<Finding>;

constexpr rlim_t WantedDescriptors = 65536; // 10,000 connections need four each, and the rest of the daemon some

constexpr std::string_view Help =
    R"(usage: sluicectl doctor [--json]

Says for each thing that interception needs whether it is ok, degraded or missing here, and what to do about it.
As root the kernel's features are tried for real, in a scratch network namespace; this can load kernel modules, and
changes nothing else.

Exit code: 0 nothing is missing, 1 something is.
)";

std::string_view word(Health health)
{
    switch (health) {
    case Health::Ok: return "ok";
    case Health::Degraded: return "degraded";
    case Health::Missing: break;
    }
    return "missing";
}

std::string firstLine(const std::string &text)
{
    return text.substr(0, text.find('\n'));
}

std::string fileLine(const std::string &path)
{
    std::ifstream file(path);
    std::string line;
    std::getline(file, line);
    return line;
}

void checkTools(Findings &findings)
{
    struct Tool
    {
        std::string name, package;
        Health without;
        Arguments version;
    };
    const std::vector<Tool> tools{{"ip", "iproute2", Health::Missing, {"ip", "-V"}},
                                  {"iptables", "iptables", Health::Missing, {"iptables", "--version"}},
                                  {"ip6tables", "iptables", Health::Degraded, {"ip6tables", "--version"}},
                                  {"nft", "nftables", Health::Degraded, {"nft", "--version"}}};
    for (const Tool &tool : tools) {
        if (isInstalled(tool.name))
            findings.push_back({Health::Ok, tool.name, firstLine(lab::run(tool.version).valueOr("installed"))});
        else
            findings.push_back({tool.without, tool.name, "not installed: apt-get install " + tool.package});
    }
}

void checkProcess(Findings &findings)
{
    std::uint64_t capabilities = 0;
    std::ifstream status("/proc/self/status");
    for (std::string line; std::getline(status, line);)
        if (line.starts_with("CapEff:"))
            std::istringstream(line.substr(7)) >> std::hex >> capabilities;
    if ((capabilities >> CAP_NET_RAW & 1U) != 0)
        findings.push_back({Health::Ok, "CAP_NET_RAW", "sockets can be marked and transparent"});
    else
        findings.push_back({Health::Degraded, "CAP_NET_RAW", "not held here; the daemon needs it, root has it"});

    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    const std::string count = limit.rlim_max == RLIM_INFINITY ? "no limit" : std::to_string(limit.rlim_max);
    if (limit.rlim_max >= WantedDescriptors)
        findings.push_back({Health::Ok, "descriptors", count});
    else
        findings.push_back({Health::Degraded, "descriptors",
                            count + " at most; raise it with ulimit -Hn 65536 or LimitNOFILE= for many connections"});
}

void checkSysctls(Findings &findings)
{
    const std::string disabled = fileLine("/proc/sys/net/ipv6/conf/all/disable_ipv6");
    if (disabled == "0")
        findings.push_back({Health::Ok, "IPv6", "on"});
    else
        findings.push_back({Health::Degraded, "IPv6",
                            disabled.empty() ? "not in this kernel" : "off (net.ipv6.conf.all.disable_ipv6)"});

    for (const auto &[family, sysctl] :
         {std::pair{"IPv4", "ipv4/ip_forward"}, std::pair{"IPv6", "ipv6/conf/all/forwarding"}}) {
        const std::string topic = std::string("forwarding (") + family + ")";
        if (fileLine(std::string("/proc/sys/net/") + sysctl) == "1")
            findings.push_back({Health::Ok, topic, "on"});
        else
            findings.push_back(
                {Health::Degraded, topic, "off; a gateway needs it for the traffic that it does not take"});
    }

    const std::string filter = fileLine("/proc/sys/net/ipv4/conf/all/rp_filter");
    if (filter == "1")
        findings.push_back(
            {Health::Degraded, "rp_filter",
             "1 (strict): marked packets may be dropped; 'sysctl net.ipv4.conf.all.rp_filter=2' is enough"});
    else
        findings.push_back({Health::Ok, "rp_filter", filter.empty() ? "not there" : filter});
}

void checkConflicts(Findings &findings)
{
    std::vector<std::string> others;
    for (const std::string program : {"iptables-save", "ip6tables-save"})
        for (const std::string &rule : foreignDiversions(lab::run({program}).valueOr({})))
            others.push_back(rule);
    for (const Arguments &command : {Arguments{"ip", "rule"}, Arguments{"ip", "-6", "rule"}})
        for (const std::string &rule : markRules(lab::run(command).valueOr({})))
            others.push_back(rule);
    for (const std::string &rule : others)
        findings.push_back({Health::Degraded, "other programs", "this may catch the same packets: " + rule});
    if (!others.empty())
        return;
    if (::geteuid() == 0)
        findings.push_back({Health::Ok, "other programs", "none diverts or marks packets"});
    else
        findings.push_back({Health::Degraded, "other programs", "their rules can only be read by root"});
}

/// One feature of the kernel, shown by commands that need it.
struct Trial
{
    std::string topic;
    Health without;
    std::vector<std::string> commands;
};

std::vector<Trial> trials()
{
    std::vector<Trial> list;
    for (const bool isIpv6 : {false, true}) {
        const std::string family = isIpv6 ? " (IPv6)" : " (IPv4)";
        const std::string iptables = isIpv6 ? "ip6tables" : "iptables";
        const std::string ip = isIpv6 ? "ip -6" : "ip";
        const Health without = isIpv6 ? Health::Degraded : Health::Missing;
        const auto rule = [&](const std::string &table, const std::string &text) {
            return iptables + " -t " + table + " -A " + text;
        };
        list.push_back({"TPROXY" + family,
                        without,
                        {rule("mangle", "PREROUTING -p tcp -j TPROXY --tproxy-mark 1/1 --on-port 1")}});
        list.push_back({"socket match" + family,
                        without,
                        {rule("mangle", "PREROUTING -p tcp -m socket --transparent --nowildcard -j ACCEPT")}});
        list.push_back({"REDIRECT" + family, without, {rule("nat", "PREROUTING -p tcp -j REDIRECT --to-ports 1")}});
        list.push_back({"conntrack match" + family,
                        Health::Degraded,
                        {rule("mangle", "OUTPUT -m conntrack --ctdir REPLY -j RETURN")}});
        list.push_back(
            {"owner match" + family, Health::Degraded, {rule("mangle", "OUTPUT -m owner --uid-owner 0 -j RETURN")}});
        list.push_back({"policy routing" + family,
                        without,
                        {ip + " rule add fwmark 1 lookup 100", ip + " route add local default dev lo table 100"}});
    }
    list.push_back({"nftables tproxy",
                    Health::Degraded,
                    {"nft add table inet t", "nft add chain inet t c { type filter hook prerouting priority -150 ; }",
                     "nft add rule inet t c meta l4proto tcp tproxy to :1 accept"}});
    return list;
}

Arguments split(const std::string &text)
{
    std::istringstream stream(text);
    Arguments words;
    for (std::string next; stream >> next;)
        words.push_back(next);
    return words;
}

// Moves this process to a network namespace that nobody else sees; it is the last thing the doctor does.
void checkKernel(Findings &findings)
{
    const bool isScratch = ::geteuid() == 0 && ::unshare(CLONE_NEWNET) == 0;
    if (isScratch)
        (void)lab::run({"ip", "link", "set", "lo", "up"}); // a local route needs it
    for (const Trial &trial : trials()) {
        if (!isScratch) {
            findings.push_back({Health::Degraded, trial.topic, "not tried: that needs root"});
            continue;
        }
        Finding finding{Health::Ok, trial.topic, "works"};
        for (const std::string &command : trial.commands) {
            const Arguments arguments = split(command);
            if (!isInstalled(arguments[0])) {
                finding = {trial.without, trial.topic, "not tried: '" + arguments[0] + "' is not installed"};
                break;
            }
            if (const auto result = lab::run(arguments); !result) {
                finding = {trial.without, trial.topic, "this kernel refused: " + firstLine(result.error().message)};
                break;
            }
        }
        findings.push_back(finding);
    }
}

int runCommand(std::span<const std::string> arguments)
{
    const bool isJson = arguments.size() == 1 && arguments[0] == "--json";
    if (!arguments.empty() && !isJson) {
        std::fprintf(stderr, "sluicectl doctor: what is '%s'? The only option is --json\n", arguments[0].c_str());
        return WrongUsage;
    }
    Findings findings;
    checkTools(findings);
    checkProcess(findings);
    checkSysctls(findings);
    checkConflicts(findings);
    checkKernel(findings);

    std::string text;
    for (const Finding &finding : findings)
        text += toLine(finding);
    if (isJson)
        text = toJson(findings);
    std::fwrite(text.data(), 1, text.size(), stdout);
    const bool isComplete = std::none_of(findings.begin(), findings.end(),
                                         [](const Finding &finding) { return finding.health == Health::Missing; });
    return isComplete ? Done : OtherError;
}

} // namespace

std::string toLine(const Finding &finding)
{
    std::string line(word(finding.health));
    line.resize(10, ' ');
    line += finding.topic;
    line.resize(std::max<std::size_t>(line.size() + 2, 34), ' ');
    return line + finding.detail + "\n";
}

std::string toJson(const std::vector<Finding> &findings)
{
    QJsonArray checks;
    for (const Finding &finding : findings) {
        QJsonObject check;
        check.insert(u"state", QString::fromStdString(std::string(word(finding.health))));
        check.insert(u"topic", QString::fromStdString(finding.topic));
        check.insert(u"detail", QString::fromStdString(finding.detail));
        checks.append(check);
    }
    QJsonObject report;
    report.insert(u"schema", 1);
    report.insert(u"checks", checks);
    return QJsonDocument(report).toJson().toStdString();
}

std::vector<std::string> foreignDiversions(const std::string &rules)
{
    std::vector<std::string> found;
    std::istringstream lines(rules);
    for (std::string line; std::getline(lines, line);) {
        const bool diverts =
            line.find("-j TPROXY") != std::string::npos || line.find("-j REDIRECT") != std::string::npos;
        const bool isOurs =
            line.find("--comment sluice") != std::string::npos || line.find("--comment \"sluice") != std::string::npos;
        if (diverts && !isOurs)
            found.push_back(line);
    }
    return found;
}

std::vector<std::string> markRules(const std::string &rules)
{
    std::vector<std::string> found;
    std::istringstream lines(rules);
    for (std::string line; std::getline(lines, line);) {
        std::replace(line.begin(), line.end(), '\t', ' ');
        if (line.find("fwmark") != std::string::npos)
            found.push_back(line);
    }
    return found;
}

const Command &doctorCommand()
{
    static const Command command{"doctor", "say what this machine has and lacks for interception", Help, runCommand};
    return command;
}

} // namespace sluice::cli
