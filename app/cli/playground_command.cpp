// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/cli/playground_command.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <unistd.h>

namespace sluice::cli {

namespace {

constexpr std::string_view Help =
    R"(usage: sluicectl playground [-L URL… [-F URL…] | -f FILE] [--mode gateway|local|both] [OPTION…]

Builds three network namespaces, client - gateway - target, runs sluiced with the configuration in the gateway, sends
probes through it and says for each what came of it. Nothing of this machine's own network is touched, and nothing is
left behind. Needs root.

  client 10.0.20.2, fd00:20::2 - gateway 10.0.10.2, fd00:10::2 - target 10.0.10.1, fd00:10::1
  In the target a proxy listens: relay on port 8420, http on 8080, socks5 on 1080.

  -L URL, -F URL      services and chain nodes, as for sluiced; repeatable
  -f FILE             a configuration file instead
  --mode MODE         whose traffic is intercepted: that of the client (gateway, the default), the gateway's own
                      (local), or both
  --all               the whole matrix: REDIRECT and TPROXY, gateway and local, without a chain and through each proxy
  --tutorial-rules    load the commands of GOST's tutorial (port 12345, mark 100) instead of 'sluiced --rules'; with
                      TPROXY and --mode both they need so_mark=100 at the service too, for they mark its replies
  --keep              leave the namespaces and daemons for you to look around in
  --clean             only remove what earlier playgrounds left, kept ones too
  --json              one JSON document instead of lines

Without -L and -f: the tutorial's -L red://:12345?tproxy=true&sniffing=true -F relay://10.0.10.1:8420?so_mark=100
SLUICE_SLUICED names another daemon than the sluiced beside sluicectl.

Exit code: 0 all probes passed, 20 some failed, 4 not root, 1 the lab could not be built, 128+N ended by signal N.
)";

std::optional<lab::Mode> modeFromText(std::string_view text)
{
    if (text == "gateway")
        return lab::Mode::Gateway;
    if (text == "local")
        return lab::Mode::Local;
    if (text == "both")
        return lab::Mode::Both;
    return std::nullopt;
}

std::string daemonPath()
{
    if (const char *path = std::getenv("SLUICE_SLUICED"); path != nullptr && *path != '\0')
        return path;
    std::error_code ignored;
    return (std::filesystem::read_symlink("/proc/self/exe", ignored).parent_path() / "sluiced").string();
}

void print(std::FILE *stream, const std::string &text)
{
    std::fwrite(text.data(), 1, text.size(), stream);
    std::fflush(stream); // a line is to be seen when it is true, in a pipe too
}

int complain(const std::string &text, ExitCode code)
{
    print(stderr, "sluicectl playground: " + text + "\n");
    return code;
}

int clean()
{
    print(stdout, "removed " + std::to_string(lab::removeStaleLabs(true)) + " playground(s)\n");
    return Done;
}

int runCommand(std::span<const std::string> words)
{
    const auto arguments = parsePlaygroundArguments(words);
    if (!arguments)
        return complain(arguments.error().message, WrongUsage);
    if (::geteuid() != 0)
        return complain("network namespaces need root: run it with sudo", NotAuthorised);
    if (arguments->cleanOnly)
        return clean();

    lab::PlaygroundOptions options;
    options.daemon = daemonPath();
    options.tutorialRules = arguments->tutorialRules;
    options.keep = arguments->keep;
    options.onResult = [&](const lab::ProbeResult &result) {
        if (!arguments->json)
            print(stdout, lab::toLine(result));
    };
    options.onMessage = [](const std::string &text) { print(stderr, text); };
    if (!lab::isInstalled(options.daemon))
        return complain("there is no daemon at " + options.daemon + "; build it, or name one in SLUICE_SLUICED",
                        OtherError);

    const auto outcome = lab::runPlayground(arguments->setups, options);
    if (!outcome)
        return complain(outcome.error().message, OtherError);
    if (outcome->signal != 0) {
        print(stderr, "sluicectl playground: interrupted; everything is removed\n");
        return 128 + outcome->signal;
    }
    print(stdout, arguments->json ? lab::toJson(outcome->results) : lab::summary(outcome->results) + "\n");
    return lab::allPassed(outcome->results) ? Done : TestFailed;
}

} // namespace

Result<PlaygroundArguments> parsePlaygroundArguments(std::span<const std::string> arguments)
{
    PlaygroundArguments parsed;
    lab::Arguments daemonArguments;
    std::string file;
    lab::Mode mode = lab::Mode::Gateway;
    bool hasNode = false, isAll = false, hasMode = false;
    const auto wrong = [](std::string text) { return Error{ErrorCode::InvalidArgument, std::move(text)}; };

    for (std::size_t i = 0; i < arguments.size(); ++i) {
        const std::string &word = arguments[i];
        if (word == "-L" || word == "-F" || word == "-f" || word == "--mode") {
            if (i + 1 == arguments.size())
                return wrong("'" + word + "' needs a value");
            const std::string &value = arguments[++i];
            if (word == "--mode") {
                const auto named = modeFromText(value);
                if (!named)
                    return wrong("'--mode " + value + "' is none of gateway, local, both");
                mode = *named;
                hasMode = true;
            } else if (word == "-f") {
                file = value;
            } else {
                hasNode = hasNode || word == "-F";
                daemonArguments.insert(daemonArguments.end(), {word, value});
            }
        } else if (word == "--all") {
            isAll = true;
        } else if (word == "--tutorial-rules") {
            parsed.tutorialRules = true;
        } else if (word == "--keep") {
            parsed.keep = true;
        } else if (word == "--clean") {
            parsed.cleanOnly = true;
        } else if (word == "--json") {
            parsed.json = true;
        } else {
            return wrong("what is '" + word + "'? 'sluicectl playground --help' lists the options");
        }
    }

    if (!file.empty() && !daemonArguments.empty())
        return wrong("'-f' and '-L'/'-F' exclude each other");
    if (hasNode && std::find(daemonArguments.begin(), daemonArguments.end(), "-L") == daemonArguments.end())
        return wrong("'-F' without '-L': which service is to use the chain?");
    if (isAll && (!daemonArguments.empty() || !file.empty() || hasMode))
        return wrong("'--all' brings its own configurations and modes");

    if (isAll) {
        parsed.setups = lab::allSetups();
    } else if (daemonArguments.empty() && file.empty()) {
        parsed.setups = {lab::tutorialSetup(mode)};
    } else {
        lab::Setup setup;
        setup.name = file.empty() ? "-L" : "-f";
        setup.mode = mode;
        setup.mustSniff = false; // whether it sniffs is the user's choice
        for (const std::string &word : daemonArguments)
            setup.isTproxy = setup.isTproxy &&
                             (word.find("red:") == std::string::npos || word.find("tproxy=true") != std::string::npos);
        // A relative name would mean another file in the daemon's eyes if it ever changed its folder.
        setup.arguments =
            file.empty() ? daemonArguments : lab::Arguments{"-C", std::filesystem::absolute(file).string()};
        parsed.setups = {std::move(setup)};
    }
    return parsed;
}

const Command &playgroundCommand()
{
    static const Command command{"playground", "prove a configuration on real traffic in a lab of its own", Help,
                                 runCommand};
    return command;
}

} // namespace sluice::cli
