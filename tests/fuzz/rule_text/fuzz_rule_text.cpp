// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
//
// Plans of any bytes. What the validator accepts gives text that means exactly its rules: read back, it has as many,
// and no line that nobody asked for.
#include "helper/plan/plan_validator.h"
#include "helper/rules/iptables_script.h"
#include "helper/rules/nft_script.h"
#include "helper/rules/rule_builder.h"
#include "helper/rules/rule_preview.h"

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <span>
#include <sstream>

using namespace sluice;
using namespace sluice::plan;
using namespace sluice::rules;

namespace {

class Bytes
{
public:
    explicit Bytes(std::span<const std::uint8_t> bytes)
        : m_bytes(bytes)
    {
    }

    std::uint8_t byte()
    {
        if (m_bytes.empty())
            return 0;
        const std::uint8_t value = m_bytes.front();
        m_bytes = m_bytes.subspan(1);
        return value;
    }
    std::uint32_t number(int bytes)
    {
        std::uint32_t value = 0;
        for (int i = 0; i < bytes; ++i)
            value = value << 8 | byte();
        return value;
    }
    std::uint16_t port() { return static_cast<std::uint16_t>(number(2)); }
    std::optional<std::uint16_t> maybePort() { return byte() % 2 == 0 ? std::optional(port()) : std::nullopt; }
    std::string text()
    {
        std::string value;
        for (int left = byte() % 20; left > 0; --left)
            value.push_back(static_cast<char>(byte()));
        return value;
    }
    Cidr prefix()
    {
        if (byte() % 2 == 0)
            return Cidr(IpAddress::fromIpv4(number(4)), byte() % 33);
        std::uint8_t bytes[16];
        std::generate(std::begin(bytes), std::end(bytes), [this] { return byte(); });
        return Cidr(IpAddress::fromBytes16(bytes), byte() % 129);
    }
    template <typename Read>
    auto list(Read read)
    {
        std::vector<decltype(read())> values;
        for (int left = byte() % 4; left > 0; --left)
            values.push_back(read());
        return values;
    }

private:
    std::span<const std::uint8_t> m_bytes;
};

InterceptionPlan readPlan(Bytes bytes)
{
    const std::uint8_t kind = bytes.byte();
    InterceptionPlan plan = kind % 2 == 0 ? InterceptionPlan::safe() : InterceptionPlan::exact();
    plan.mode = static_cast<Mode>(kind / 2 % 3);
    plan.families = static_cast<Families>(kind / 6 % 3);
    plan.tcpRedirectPort = bytes.maybePort();
    if (!plan.tcpRedirectPort)
        plan.tcpTproxyPort = bytes.maybePort();
    plan.udpTproxyPort = bytes.maybePort();
    plan.bypassPrefixes = bytes.list([&] { return bytes.prefix(); });
    for (const std::uint32_t mark : bytes.list([&] { return bytes.number(4); }))
        plan.egressMarks.push_back({mark});
    if (bytes.byte() % 4 == 0)
        plan.chainPrefix = bytes.text();
    if (bytes.byte() % 4 == 0) {
        plan.gatewayMark = {bytes.number(4), bytes.number(4)};
        plan.routingTable = bytes.number(4);
    }
    if (plan.flavour == Flavour::Exact)
        return plan;
    plan.interceptPrefixes = bytes.list([&] { return bytes.prefix(); });
    plan.attachedNetworks = bytes.list([&] { return bytes.prefix(); });
    plan.upstreams = bytes.list([&] { return Endpoint{bytes.prefix().address(), bytes.port()}; });
    plan.onlyInterfaces = bytes.list([&] { return bytes.text(); });
    plan.exceptInterfaces = bytes.list([&] { return bytes.text(); });
    plan.onlyUids = bytes.list([&] { return bytes.number(4); });
    plan.exceptUids = bytes.list([&] { return bytes.number(4); });
    plan.onlyPorts = bytes.list([&] { return bytes.port(); });
    plan.exceptPorts = bytes.list([&] { return bytes.port(); });
    return plan;
}

void require(bool holds, const char *what, const std::string &text)
{
    if (holds)
        return;
    std::cerr << what << ":\n" << text;
    std::abort();
}

std::vector<std::string> linesOf(const std::string &text)
{
    std::vector<std::string> lines;
    std::istringstream stream(text);
    for (std::string line; std::getline(stream, line);)
        lines.push_back(line);
    return lines;
}

bool isPrintable(const std::string &text)
{
    return std::all_of(text.begin(), text.end(), [](char c) { return c == '\n' || (c >= ' ' && c <= '~'); });
}

void checkIptables(const RuleSet &rules, Family family)
{
    const IptablesTables tables = iptablesTables(rules, family);
    std::size_t expected = 0;
    for (const IptablesTable &table : tables) {
        expected += table.hookRules.size();
        for (const IptablesChain &chain : table.chains)
            expected += chain.rules.size();
    }
    std::string text = iptablesTransition({}, tables), dump;
    require(isPrintable(text), "unprintable", text);
    std::size_t found = 0;
    for (std::string line : linesOf(text)) {
        const bool isRule = line.starts_with("-A ") || line.starts_with("-I ");
        found += isRule ? 1 : 0;
        require(isRule || line == "COMMIT" || line.starts_with("*") || line.starts_with(":" + rules.chainPrefix),
                "unexpected line", line);
        dump += (isRule ? "-A " + line.substr(3) : line) + "\n";
    }
    require(found == expected, "other number of rules", text);
    require(haveSameShape(parseIptablesSave(dump, rules.chainPrefix, tables), tables), "not the same again", text);
}

void checkNft(const RuleSet &rules)
{
    const std::string text = nftScript(rules);
    require(isPrintable(text), "unprintable", text);
    std::size_t expected = 0, found = 0;
    for (const NftChainSize &size : nftChainSizes(rules))
        expected += size.rules;
    for (const std::string &line : linesOf(text)) {
        const bool isRule = line.starts_with("        ") && !line.starts_with("        type ");
        found += isRule ? 1 : 0;
        require(!isRule || line.find(';') == std::string::npos, "two statements in one line", line);
        require(std::count(line.begin(), line.end(), '"') % 2 == 0, "open quote", line);
    }
    require(found == expected, "other number of rules", text);
}

void checkPreview(InterceptionPlan plan)
{
    for (const BackEnd backEnd : {BackEnd::Iptables, BackEnd::Nftables}) {
        plan.backEnd = backEnd;
        for (const Direction direction : {Direction::Apply, Direction::Undo}) {
            for (const std::string &line : linesOf(previewText(plan, direction))) {
                const bool isNft = line.starts_with("nft '") && line.ends_with("'");
                const std::string words = isNft ? line.substr(5, line.size() - 6) : line;
                require(isNft || line.starts_with("ip ") || line.starts_with("iptables ") ||
                            line.starts_with("ip6tables "),
                        "unexpected command", line);
                require(isPrintable(line) && words.find_first_of("'`$\\") == std::string::npos, "not safe for sh",
                        line);
                require(isNft || words.find_first_of(";&|<>(){}*?~#") == std::string::npos, "not safe for sh", line);
            }
        }
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size)
{
    const InterceptionPlan plan = readPlan(Bytes({data, size}));
    if (!validate(plan).empty())
        return 0;
    const RuleSet rules = buildRules(plan);
    for (const Family family : rules.families)
        checkIptables(rules, family);
    checkNft(rules);
    checkPreview(plan);
    return 0;
}
