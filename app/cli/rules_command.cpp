// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/cli/rules_command.h"

#include "daemon/config/loader.h"
#include "daemon/interception/plan_from_config.h"
#include "helper/apply/attached_networks.h"
#include "helper/base/result.h"
#include "helper/rules/rule_preview.h"

#include <algorithm>
#include <cstdio>
#include <sstream>
#include <vector>

namespace sluice::cli {

namespace {

using interception::PlanOptions;

constexpr std::string_view help =
    R"(usage: sluicectl rules script [-L URL]… [-F URL]… [-f FILE]… [OPTION]…

Prints the commands that divert traffic to the red and redu services of a configuration, one per line, for sh.
Changes nothing. Run the lines as root; with --undo they are the ones that take the rules away again.

  -L URL              a service, as sluiced takes it (repeatable)
  -F URL              a proxy, as sluiced takes it (repeatable)
  -f FILE             a configuration file (repeatable)
  --mode WORD         gateway (default): what this machine forwards; local: what its own programs send; both
  --flavour WORD      safe (default): with guards; exact: the rules of GOST's tutorial
  --backend WORD      iptables (default) or nftables
  --family WORD       4, 6 or both (default)
  --intercept CIDR    divert this network although it is private or attached (repeatable; safe only)
  --bypass CIDR       leave this network alone (repeatable; exact: in place of 192.168.0.0/16)
  --undo              print how to take the rules away

The safe rules let packets with the mark 0x3000 pass: sluiced sets it on its own traffic when it runs with --rules.
Without --rules, give every service and proxy a mark of its own (so_mark=100).

examples:
  sluicectl rules script -L "red://:12345?tproxy=true&so_mark=100" --mode gateway
  sluicectl rules script -f /etc/sluice/config.yaml --mode both --backend nftables | sudo sh
)";

void printError(const std::string &text)
{
    std::fputs(("sluicectl rules: " + text + "\n").c_str(), stderr);
}

struct ScriptOptions
{
    config::CommandLine config;
    PlanOptions plan;
    rules::Direction direction = rules::Direction::Apply;
};

template <typename Value>
struct Word
{
    std::string_view text;
    Value value;
};

template <typename Value>
Result<void> choose(Value &target, const std::string &option, const std::string &text,
                    std::initializer_list<Word<Value>> words)
{
    std::string known;
    for (const Word<Value> &word : words) {
        if (word.text == text) {
            target = word.value;
            return {};
        }
        known.append(known.empty() ? "" : ", ").append(word.text);
    }
    return Error{ErrorCode::InvalidArgument, option + " takes one of " + known + ", not '" + text + "'"};
}

Result<void> addPrefix(std::vector<Cidr> &list, const std::string &option, const std::string &text)
{
    const std::optional<Cidr> prefix = Cidr::parse(text);
    if (!prefix)
        return Error{ErrorCode::InvalidArgument, option + ": '" + text + "' is no network such as 10.0.0.0/8"};
    list.push_back(*prefix);
    return {};
}

Result<void> setOption(ScriptOptions &options, const std::string &name, const std::string &value)
{
    using namespace plan;
    if (name == "-L")
        options.config.services.push_back(value);
    else if (name == "-F")
        options.config.nodes.push_back(value);
    else if (name == "-f" || name == "-C")
        options.config.files.push_back(value);
    else if (name == "--mode")
        return choose<Mode>(options.plan.mode, name, value,
                            {{"gateway", Mode::Gateway}, {"local", Mode::Local}, {"both", Mode::Both}});
    else if (name == "--flavour")
        return choose<Flavour>(options.plan.flavour, name, value, {{"safe", Flavour::Safe}, {"exact", Flavour::Exact}});
    else if (name == "--backend")
        return choose<BackEnd>(options.plan.backEnd, name, value,
                               {{"iptables", BackEnd::Iptables}, {"nftables", BackEnd::Nftables}});
    else if (name == "--family")
        return choose<Families>(options.plan.families, name, value,
                                {{"4", Families::IPv4}, {"6", Families::IPv6}, {"both", Families::Both}});
    else if (name == "--intercept")
        return addPrefix(options.plan.interceptPrefixes, name, value);
    else if (name == "--bypass")
        return addPrefix(options.plan.bypassPrefixes ? *options.plan.bypassPrefixes
                                                     : options.plan.bypassPrefixes.emplace(),
                         name, value);
    else
        return Error{ErrorCode::InvalidArgument, "there is no option " + name};
    return {};
}

Result<ScriptOptions> parseArguments(std::span<const std::string> arguments)
{
    ScriptOptions options;
    for (std::size_t i = 0; i < arguments.size(); ++i) {
        std::string name = arguments[i];
        if (name == "--undo") {
            options.direction = rules::Direction::Undo;
            continue;
        }
        std::string value;
        const std::size_t equals = name.starts_with("--") ? name.find('=') : std::string::npos;
        if (equals != std::string::npos) {
            value = name.substr(equals + 1);
            name.resize(equals);
        } else if (i + 1 < arguments.size()) {
            value = arguments[++i];
        } else {
            return Error{ErrorCode::InvalidArgument, name + " needs a value, or is no option"};
        }
        if (const Result<void> result = setOption(options, name, value); !result)
            return result.error();
    }
    const config::CommandLine &config = options.config;
    if (config.services.empty() && config.nodes.empty() && config.files.empty())
        return Error{ErrorCode::InvalidArgument, "give a configuration: -L URL or -f FILE"};
    return options;
}

int runScript(std::span<const std::string> arguments)
{
    Result<ScriptOptions> options = parseArguments(arguments);
    if (!options) {
        printError(options.error().message);
        return WrongUsage;
    }
    const config::LoadResult loaded = config::loadCommandLine(options->config);
    for (const config::Issue &issue : loaded.issues) {
        if (issue.severity == config::Severity::Error)
            std::fputs((issue.toString() + "\n").c_str(), stderr);
    }
    if (config::hasErrors(loaded.issues))
        return ConfigInvalid;
    options->plan.attachedNetworks = apply::attachedNetworks();
    const Result<plan::InterceptionPlan> plan = interception::planFromConfig(loaded.config, options->plan);
    if (!plan) {
        printError(plan.error().message);
        return ConfigInvalid;
    }
    std::fputs(rules::previewText(*plan, options->direction).c_str(), stdout);
    return Done;
}

int run(std::span<const std::string> arguments)
{
    if (!arguments.empty() && arguments[0] == "script")
        return runScript(arguments.subspan(1));
    printError("say what about the rules: 'sluicectl rules script …'; 'sluicectl rules --help' explains");
    return WrongUsage;
}

} // namespace

Command rulesCommand()
{
    return {"rules", "print the commands that divert traffic", help, run};
}

} // namespace sluice::cli
