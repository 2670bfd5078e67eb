// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "helper/apply/rule_tools.h"

#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <algorithm>

namespace sluice::apply {

using namespace rules;

namespace {

// Dumps hold everybody's rules; a cluster node has megabytes of them.
constexpr std::size_t dumpLimit = 64 * 1024 * 1024;

std::string text(const QJsonValue &value)
{
    return value.toVariant().toString().toStdString(); // the same fields are numbers or strings by version
}

std::uint32_t number(const QJsonValue &value)
{
    return static_cast<std::uint32_t>(std::strtoul(text(value).c_str(), nullptr, 0));
}

/// The lines that say something, joined: errors of these tools spread over lines with carets.
std::string firstWords(const std::string &errors)
{
    std::string joined;
    std::size_t lines = 0;
    for (std::size_t start = 0; start < errors.size() && lines < 2;) {
        const std::size_t end = std::min(errors.find('\n', start), errors.size());
        const std::string line = errors.substr(start, end - start);
        start = end + 1;
        if (line.find_first_not_of(" \t^~") == std::string::npos || line.starts_with("Try `") ||
            line.starts_with("# Warning"))
            continue;
        joined.append(joined.empty() ? "" : "; ").append(line.substr(0, 200));
        ++lines;
    }
    return joined;
}

Error failure(const std::string &tool, const CommandOutput &output)
{
    const bool isDenied = output.errors.find("ermission denied") != std::string::npos ||
                          output.errors.find("not permitted") != std::string::npos;
    std::string words = firstWords(output.errors);
    if (words.empty())
        words = "exit code " + std::to_string(output.exitCode);
    return Error{isDenied ? ErrorCode::PermissionDenied : ErrorCode::Failed, tool + " failed: " + words};
}

std::vector<std::string> ipWords(Family family, std::initializer_list<std::string> rest)
{
    std::vector<std::string> words{"ip", family == Family::IPv6 ? "-6" : "-4", "-j"};
    words.insert(words.end(), rest);
    return words;
}

} // namespace

bool LiveIpRule::isSame(const IpRule &rule) const
{
    const std::string wantedTable = rule.table ? std::to_string(*rule.table) : "main";
    return isPlain && mark == rule.mark && isFromLoopback == rule.isFromLoopback && table == wantedTable &&
           (!rule.preference || *rule.preference == preference) &&
           (!rule.protocol || std::to_string(*rule.protocol) == protocol);
}

IpRule LiveIpRule::toRule(Family family) const
{
    IpRule rule;
    rule.family = family;
    rule.mark = mark.value_or(plan::Mark{});
    rule.isFromLoopback = isFromLoopback;
    if (table != "main")
        rule.table = static_cast<std::uint32_t>(std::strtoul(table.c_str(), nullptr, 10));
    rule.preference = preference;
    // Names such as "boot" stand for no tag of anybody; the preference is enough then.
    if (const unsigned long tag = std::strtoul(protocol.c_str(), nullptr, 10); tag > 0 && tag < 256)
        rule.protocol = static_cast<std::uint8_t>(tag);
    return rule;
}

std::string RuleTools::tool(Family family, std::string_view suffix) const
{
    // iptables-legacy-restore, ip6tables-legacy-restore
    const std::string name = family == Family::IPv6 ? "ip6" + m_iptables.substr(2) : m_iptables;
    return name + std::string(suffix);
}

Result<CommandOutput> RuleTools::succeed(const std::vector<std::string> &words, std::string_view input,
                                         std::size_t outputLimit)
{
    Result<CommandOutput> output = m_runner.run(words, input, outputLimit);
    if (output && !output->isSuccess())
        return failure(words.front(), *output);
    return output;
}

Result<std::string> RuleTools::iptablesSave(Family family)
{
    return succeed({tool(family, "-save")}, {}, dumpLimit).andThen([](CommandOutput output) -> Result<std::string> {
        return std::move(output.output);
    });
}

Result<void> RuleTools::iptablesRestore(Family family, const std::string &text)
{
    // -w: wait for the lock that the legacy tools share; the others ignore it.
    const Result<CommandOutput> output =
        succeed({tool(family, "-restore"), "--noflush", "-w", "5"}, text, CommandRunner::defaultOutputLimit);
    return output ? Result<void>() : output.error();
}

Result<std::optional<std::string>> RuleTools::nftTable(const std::string &name)
{
    using Table = std::optional<std::string>;
    Result<CommandOutput> output = m_runner.run({"nft", "list", "table", "inet", name}, {}, dumpLimit);
    if (!output)
        return output.error();
    if (output->isSuccess())
        return Table(std::move(output->output));
    if (output->errors.find("No such file or directory") != std::string::npos)
        return Table();
    return failure("nft", *output);
}

Result<void> RuleTools::nft(const std::string &text)
{
    const Result<CommandOutput> output = succeed({"nft", "-f", "-"}, text, CommandRunner::defaultOutputLimit);
    return output ? Result<void>() : output.error();
}

Result<void> RuleTools::nftCheck(const std::string &text)
{
    const Result<CommandOutput> output = succeed({"nft", "-c", "-f", "-"}, text, CommandRunner::defaultOutputLimit);
    return output ? Result<void>() : output.error();
}

Result<std::vector<LiveIpRule>> RuleTools::ipRules(Family family)
{
    const Result<CommandOutput> output = succeed(ipWords(family, {"rule", "show"}), {}, dumpLimit);
    if (!output)
        return output.error();
    const QJsonDocument document = QJsonDocument::fromJson(QByteArray::fromStdString(output->output));
    if (!document.isArray())
        return Error{ErrorCode::Failed, "ip rule show printed something that is not JSON"};
    std::vector<LiveIpRule> list;
    for (const QJsonValue &item : document.array()) {
        const QJsonObject object = item.toObject();
        LiveIpRule rule;
        rule.preference = number(object[QLatin1String("priority")]);
        if (object.contains(QLatin1String("fwmark"))) {
            rule.mark = plan::Mark{number(object[QLatin1String("fwmark")])};
            if (object.contains(QLatin1String("fwmask")))
                rule.mark->mask = number(object[QLatin1String("fwmask")]);
        }
        rule.table = text(object[QLatin1String("table")]);
        rule.protocol = text(object[QLatin1String("protocol")]);
        rule.isFromLoopback = text(object[QLatin1String("iif")]) == "lo";
        for (const QString &key : object.keys()) {
            static const QStringList known{
                QStringLiteral("priority"), QStringLiteral("fwmark"), QStringLiteral("fwmask"), QStringLiteral("table"),
                QStringLiteral("protocol"), QStringLiteral("iif"),    QStringLiteral("src")};
            rule.isPlain &= known.contains(key);
        }
        rule.isPlain &= text(object[QLatin1String("src")]) == "all" &&
                        (rule.isFromLoopback || !object.contains(QLatin1String("iif")));
        list.push_back(rule);
    }
    return list;
}

Result<std::vector<LiveRoute>> RuleTools::routes(Family family, std::uint32_t table)
{
    const Result<CommandOutput> output =
        m_runner.run(ipWords(family, {"route", "show", "table", std::to_string(table)}), {}, dumpLimit);
    if (!output)
        return output.error();
    // A table without routes does not exist for the kernel.
    if (!output->isSuccess() && output->errors.find("does not exist") != std::string::npos)
        return std::vector<LiveRoute>();
    if (!output->isSuccess())
        return failure("ip", *output);
    std::vector<LiveRoute> list;
    for (const QJsonValue &item : QJsonDocument::fromJson(QByteArray::fromStdString(output->output)).array()) {
        const QJsonObject object = item.toObject();
        list.push_back({text(object[QLatin1String("type")]), text(object[QLatin1String("dst")]),
                        text(object[QLatin1String("protocol")])});
    }
    return list;
}

Result<void> RuleTools::ip(const std::vector<std::string> &words)
{
    const Result<CommandOutput> output = succeed(words, {}, CommandRunner::defaultOutputLimit);
    if (output)
        return {};
    std::string line;
    for (const std::string &word : words)
        line.append(line.empty() ? "" : " ").append(word);
    return output.error().in(line);
}

} // namespace sluice::apply
