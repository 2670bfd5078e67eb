// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/lab/playground.h"

#include "app/lab/probes.h"
#include "app/lab/target_servers.h"
#include "app/lab/tutorial_rules.h"

#include <array>
#include <deque>
#include <fcntl.h>
#include <fstream>
#include <optional>
#include <set>
#include <sstream>
#include <unistd.h>

namespace sluice::lab {

namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr auto StartLimit = 10s; // for the daemon to listen and its rules to be loaded
constexpr auto ProbeLimit = 20s; // more than the steps' own limits: only for a probe that hangs
constexpr auto StopLimit = 5s;   // no connection is open any more, so there is nothing to drain
constexpr std::size_t LogLines = 15;

std::string modeName(Mode mode)
{
    return mode == Mode::Gateway ? "gateway" : mode == Mode::Local ? "local" : "both";
}

std::string familyName(Family family)
{
    return family == Family::IPv4 ? "IPv4" : "IPv6";
}

std::string lastLines(const std::string &path)
{
    std::ifstream file(path);
    std::deque<std::string> lines;
    for (std::string line; std::getline(file, line);) {
        lines.push_back("    " + line + "\n");
        if (lines.size() > LogLines)
            lines.pop_front();
    }
    std::string text;
    for (const std::string &line : lines)
        text += line;
    return text;
}

/// The interception rules that a namespace holds now, in a comparable form.
std::set<std::string> rulesIn(const Place &place)
{
    std::set<std::string> rules;
    const auto collect = [&](const Arguments &command, const auto &isRule) {
        const auto output = run(command, place);
        std::istringstream lines(output.valueOr({})); // a tool that is not there has no rules
        for (std::string line; std::getline(lines, line);)
            if (isRule(line))
                rules.insert(command[0] + " " + command[1] + ": " + line);
    };
    // Empty tables stay behind once iptables has looked at them; rules and chains of ours must not.
    const auto ofIptables = [](const std::string &line) {
        return line.starts_with("-A ") || (line.starts_with(":") && line.find(" - ") != std::string::npos);
    };
    const auto ofNft = [](const std::string &line) { return line.find("sluice") != std::string::npos; };
    const auto ofRouting = [](const std::string &line) { return !line.empty(); };
    collect({"iptables-save", "-M", "/bin/true"}, ofIptables);
    collect({"ip6tables-save", "-M", "/bin/true"}, ofIptables);
    collect({"nft", "list", "tables"}, ofNft);
    collect({"ip", "rule"}, ofRouting);
    collect({"ip", "-6", "rule"}, ofRouting);
    return rules;
}

/// One run; its methods stand in the order in which they are called.
class Run
{
public:
    Run(Lab &lab, const Identity &identity, Interrupts &interrupts, const PlaygroundOptions &options)
        : m_lab(lab)
        , m_identity(identity)
        , m_interrupts(interrupts)
        , m_options(options)
    {
    }

    Result<void> startTarget()
    {
        auto servers = startTargetServers(m_lab, m_identity);
        if (!servers)
            return servers.error();
        auto upstream =
            Child::execute({m_options.daemon, "-L", "relay://:8420", "-L", "http://:8080", "-L", "socks5://:1080"},
                           m_lab.place(Host::Target, "upstream.log"));
        if (!upstream)
            return upstream.error();
        m_upstream = *upstream;
        if (!isInstalled("iperf3"))
            return {};
        const auto iperf = Child::execute({"iperf3", "--server"}, m_lab.place(Host::Target, "iperf3.log"));
        return iperf ? Result<void>() : Result<void>(iperf.error());
    }

    void prove(const Setup &setup, bool keepGateway)
    {
        m_setup = setup;
        const std::set<std::string> rulesBefore = rulesIn(m_lab.place(Host::Gateway));
        if (startGateway())
            sendProbes();
        if (m_interrupts.signal() == 0 && !keepGateway)
            stopGateway(rulesBefore);
    }

    std::vector<ProbeResult> takeResults() { return std::move(m_results); }

private:
    std::vector<Host> startingPoints() const
    {
        switch (m_setup.mode) {
        case Mode::Gateway: return {Host::Client};
        case Mode::Local: return {Host::Gateway};
        case Mode::Both: break;
        }
        return {Host::Client, Host::Gateway};
    }

    std::vector<Family> families() const
    {
        return m_lab.hasIpv6() ? std::vector{Family::IPv4, Family::IPv6} : std::vector{Family::IPv4};
    }

    void report(ProbeResult result)
    {
        result.setup = m_setup.name;
        m_options.onResult(result);
        m_results.push_back(std::move(result));
    }

    bool startGateway()
    {
        Arguments command{m_options.daemon};
        command.insert(command.end(), m_setup.arguments.begin(), m_setup.arguments.end());
        if (m_options.tutorialRules) {
            for (const Arguments &rule : tutorialRules(m_setup.isTproxy, m_setup.mode, m_lab.hasIpv6())) {
                if (const auto result = run(rule, m_lab.place(Host::Gateway)); !result) {
                    report({{}, {}, "rules", false, result.error().message, 0ms});
                    return false;
                }
            }
        } else {
            command.insert(command.end(), {"--rules", modeName(m_setup.mode), "--intercept", targetPrefixes});
        }
        auto daemon = Child::execute(command, m_lab.place(Host::Gateway, "gateway.log"));
        if (!daemon) {
            report({{}, {}, "start", false, daemon.error().message, 0ms});
            return false;
        }
        m_gateway = *daemon;
        return true;
    }

    void sendProbes()
    {
        for (const Host from : startingPoints())
            for (const Family family : families())
                if (!proveFrom(from, family))
                    return;
    }

    /// False when it makes no sense to go on with this setup.
    bool proveFrom(Host from, Family family)
    {
        const ProbeContext context{family, m_setup.mustSniff, m_identity};
        const std::string fromSuffix = m_setup.mode != Mode::Both ? ""
                                       : from == Host::Client     ? " (client)"
                                                                  : " (gateway)";
        if (const auto started = waitForInterception(from, context); !started) {
            if (m_interrupts.signal() == 0) {
                report({{}, familyName(family), "start" + fromSuffix, false, started.error().message, StartLimit});
                for (const std::string log : {"gateway.log", "upstream.log"})
                    m_options.onMessage("the last lines of " + log + ":\n" + lastLines(m_lab.folder() + "/" + log));
            }
            return false;
        }
        for (const Probe &probe : builtinProbes()) {
            const auto start = Clock::now();
            const Result<std::string> outcome = runProbe(from, probe, context);
            if (m_interrupts.signal() != 0)
                return false;
            const auto duration = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - start);
            const std::string gone = daemonEnd();
            report({{},
                    familyName(family),
                    probe.name + fromSuffix,
                    outcome.hasValue() && gone.empty(),
                    !gone.empty() ? gone
                    : outcome     ? *outcome
                                  : outcome.error().message,
                    duration});
            if (!gone.empty())
                return false;
        }
        return true;
    }

    /// The first connection that is not direct shows that the daemon listens and its rules are loaded.
    Result<void> waitForInterception(Host from, const ProbeContext &context)
    {
        const auto end = Clock::now() + StartLimit;
        while (true) {
            const auto outcome = runProbe(from, {"start", probeInterception}, context);
            if (outcome)
                return {};
            if (const std::string gone = daemonEnd(); !gone.empty())
                return Error{ErrorCode::Failed, gone};
            if (m_interrupts.wait(-1, 50ms) == Interrupts::Wait::Interrupted)
                return Error{ErrorCode::Cancelled, "interrupted"};
            if (Clock::now() > end)
                return outcome.error().in("nothing is intercepted 10 s after the start");
        }
    }

    std::string daemonEnd()
    {
        if (!m_gateway.isRunning())
            return "the daemon in the gateway " + m_gateway.endText();
        if (!m_upstream.isRunning())
            return "the proxy in the target " + m_upstream.endText();
        return {};
    }

    Result<std::string> runProbe(Host from, const Probe &probe, const ProbeContext &context)
    {
        std::array<int, 2> ends{};
        if (::pipe2(ends.data(), O_CLOEXEC) != 0)
            return systemError("cannot make a pipe", errno);
        const UniqueFd reader(ends[0]);
        UniqueFd writer(ends[1]);
        auto child = Child::call(
            [&] {
                const Result<std::string> outcome = probe.run(context);
                const std::string answer = outcome ? "P" + *outcome : "F" + outcome.error().message;
                return ::write(writer.get(), answer.data(), answer.size()) > 0 ? 0 : 1;
            },
            m_lab.place(from));
        if (!child)
            return child.error();
        writer.reset();

        const bool isDone = m_interrupts.wait(reader.get(), ProbeLimit) == Interrupts::Wait::Readable;
        std::string answer;
        if (isDone) { // it came with one write, which is smaller than a pipe
            answer.resize(16 * 1024);
            answer.resize(
                static_cast<std::size_t>(std::max<ssize_t>(0, ::read(reader.get(), answer.data(), answer.size()))));
        }
        child->stop(isDone ? 1s : 0s);
        if (answer.empty())
            return Error{ErrorCode::Timeout, isDone ? "the probe " + child->endText() : "no answer in 20 s"};
        if (answer.front() == 'F')
            return Error{ErrorCode::Failed, answer.substr(1)};
        return answer.substr(1);
    }

    void stopGateway(const std::set<std::string> &rulesBefore)
    {
        if (!daemonEnd().empty() && !m_options.tutorialRules)
            return; // reported already
        const auto start = Clock::now();
        m_gateway.stop(StopLimit);
        const auto duration = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - start);
        if (m_options.tutorialRules) {
            for (const Arguments &command : tutorialCleanup(m_setup.isTproxy, m_lab.hasIpv6()))
                (void)run(command, m_lab.place(Host::Gateway));
            return; // neither the rules nor the way to end are our daemon's
        }
        std::string problem;
        if (!m_gateway.succeeded())
            problem = "the daemon " + m_gateway.endText() + " after SIGTERM";
        for (const std::string &rule : rulesIn(m_lab.place(Host::Gateway)))
            if (problem.empty() && !rulesBefore.contains(rule))
                problem = "left behind: " + rule;
        report({{},
                {},
                "stop",
                problem.empty(),
                problem.empty() ? "the daemon ended and left no rule" : problem,
                duration});
    }

    Lab &m_lab;
    const Identity &m_identity;
    Interrupts &m_interrupts;
    const PlaygroundOptions &m_options;
    Setup m_setup;
    Child m_upstream, m_gateway;
    std::vector<ProbeResult> m_results;
};

} // namespace

Setup tutorialSetup(Mode mode)
{
    return {"TPROXY " + modeName(mode) + " relay",
            {"-L", "red://:12345?tproxy=true&sniffing=true", "-F", "relay://10.0.10.1:8420?so_mark=100"},
            mode,
            true,
            true};
}

std::vector<Setup> allSetups()
{
    struct Chain
    {
        std::string name, url;
    };
    const std::array<Chain, 4> chains{{{"direct", {}},
                                       {"relay", "relay://10.0.10.1:8420?so_mark=100"},
                                       {"http", "http://10.0.10.1:8080?so_mark=100"},
                                       {"socks5", "socks5://10.0.10.1:1080?so_mark=100"}}};
    std::vector<Setup> setups;
    for (const bool isTproxy : {false, true}) {
        for (const Mode mode : {Mode::Gateway, Mode::Local}) {
            for (const Chain &chain : chains) {
                Setup setup;
                setup.name = (isTproxy ? "TPROXY " : "REDIRECT ") + modeName(mode) + " " + chain.name;
                setup.mode = mode;
                setup.isTproxy = isTproxy;
                const std::string url = std::string("red://:12345?sniffing=true") + (isTproxy ? "&tproxy=true" : "");
                if (chain.url.empty())
                    setup.arguments = {"-L", url + "&so_mark=100"};
                else
                    setup.arguments = {"-L", url, "-F", chain.url};
                setups.push_back(std::move(setup));
            }
        }
    }
    return setups;
}

Result<PlaygroundOutcome> runPlayground(const std::vector<Setup> &setups, const PlaygroundOptions &options)
{
    if (!isInstalled("ip"))
        return Error{ErrorCode::NotFound, "the program 'ip' is missing; install it with: apt-get install iproute2"};
    if (const int stale = removeStaleLabs(false); stale > 0)
        options.onMessage("removed what " + std::to_string(stale) + " earlier playground(s) left\n");

    PlaygroundOutcome outcome;
    Interrupts interrupts;
    auto identity = Identity::create();
    if (!identity)
        return identity.error();
    auto lab = Lab::create();
    if (!lab)
        return lab.error();
    Run playground(*lab, *identity, interrupts, options);
    if (auto started = playground.startTarget(); !started)
        return started.error();
    for (const Setup &setup : setups) {
        playground.prove(setup, options.keep && &setup == &setups.back());
        if (interrupts.signal() != 0)
            break;
    }
    outcome.results = playground.takeResults();
    outcome.signal = interrupts.signal();
    if (options.keep && outcome.signal == 0) {
        options.onMessage("the lab is still there; look around with:\n"
                          "  ip netns exec " +
                          lab->netns(Host::Client) + " bash\n" + "  ip netns exec " + lab->netns(Host::Gateway) +
                          " bash\n" + "  ip netns exec " + lab->netns(Host::Target) + " bash\n" + "  ls " +
                          lab->folder() + "\n'sluicectl playground --clean' removes it\n");
        lab->keep();
    }
    return outcome;
}

} // namespace sluice::lab
