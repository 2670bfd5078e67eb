// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/lab/lab.h"

#include <cerrno>
#include <charconv>
#include <csignal>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <optional>
#include <poll.h>
#include <set>
#include <sstream>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <utility>

namespace sluice::lab {

namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

const std::string idPrefix = "sluice-lab-";
const std::string keptMark = "kept"; // a file in the folder of a lab that its user wants to stay
const std::vector<std::string> hostSuffixes{"-client", "-gateway", "-target"};

std::optional<std::uint64_t> number(std::string_view text)
{
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size() || text.empty())
        return std::nullopt;
    return value;
}

// Field 22 of /proc/PID/stat. With it a process id is unique until the next boot. Nothing for a process that is no
// more, or that only waits for its parent to take notice of its end.
std::optional<std::uint64_t> startTime(std::uint64_t pid)
{
    std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
    std::string text;
    std::getline(file, text);
    const std::size_t afterName = text.rfind(')');
    if (afterName == std::string::npos)
        return std::nullopt;
    std::istringstream fields(text.substr(afterName + 1));
    std::string field;
    fields >> field;
    if (field == "Z" || field == "X")
        return std::nullopt;
    for (int i = 4; i <= 22; ++i)
        fields >> field;
    return number(field);
}

// "sluice-lab-PID-START": whose lab it is stands in its name, so that nothing else needs to be remembered.
std::string ownId()
{
    const auto pid = static_cast<std::uint64_t>(::getpid());
    return idPrefix + std::to_string(pid) + "-" + std::to_string(startTime(pid).value_or(0));
}

bool isStale(const std::string &id)
{
    const std::size_t dash = id.find('-', idPrefix.size());
    if (dash == std::string::npos)
        return false;
    const auto pid = number(std::string_view(id).substr(idPrefix.size(), dash - idPrefix.size()));
    const auto start = number(std::string_view(id).substr(dash + 1));
    return pid && start && startTime(*pid) != start;
}

// Kills every process in this network namespace, until no more turn up. Nobody but the lab's own processes can be
// there.
void killInside(ino_t inode)
{
    // A child that opened its namespace but has not entered it yet shows up a moment later: look again.
    for (int quietRounds = 0, rounds = 0; quietRounds < 3 && rounds < 200; ++rounds) {
        ++quietRounds;
        std::error_code ignored;
        for (const auto &entry : fs::directory_iterator("/proc", ignored)) {
            const auto pid = number(entry.path().filename().string());
            struct stat info = {};
            if (!pid || ::stat((entry.path() / "ns/net").c_str(), &info) != 0 || info.st_ino != inode)
                continue;
            quietRounds = 0;
            ::kill(static_cast<pid_t>(*pid), SIGKILL);
        }
        std::this_thread::sleep_for(10ms);
    }
}

// A namespace loses its name only when it is empty, so a removal that is itself killed half-way can be taken up again.
void removeLab(const std::string &id)
{
    for (const std::string &suffix : hostSuffixes) {
        // Held open: the number of a namespace that is gone soon names a new one, which is somebody else's.
        const UniqueFd held(::open(("/run/netns/" + id + suffix).c_str(), O_RDONLY | O_CLOEXEC));
        struct stat info = {};
        if (!held || ::fstat(held.get(), &info) != 0)
            continue;
        killInside(info.st_ino);
        (void)run({"ip", "netns", "delete", id + suffix});
        killInside(info.st_ino); // who slipped in before the name went
    }
    std::error_code ignored;
    fs::remove_all("/run/" + id, ignored);
}

// Outlives its parent by as long as the removal takes.
int watch(pid_t parent, const std::string &id)
{
    // The header of glibc 2.36 declares pidfd_open() for C only.
    const UniqueFd parentFd(static_cast<int>(::syscall(SYS_pidfd_open, parent, 0)));
    pollfd polled{parentFd.get(), POLLIN, 0};
    while (parentFd && ::getppid() == parent && ::poll(&polled, 1, -1) < 0 && errno == EINTR)
        ;
    removeLab(id);
    return 0;
}

} // namespace

Addresses addressesOf(Family family)
{
    if (family == Family::IPv4)
        return {*IpAddress::parse("10.0.10.1"), *IpAddress::parse("10.0.10.3"), "web4.playground.test",
                "tls4.playground.test"};
    return {*IpAddress::parse("fd00:10::1"), *IpAddress::parse("fd00:10::3"), "web6.playground.test",
            "tls6.playground.test"};
}

Result<Lab> Lab::create()
{
    Lab lab(ownId());
    const pid_t self = ::getpid();
    auto watcher = Child::call([&] { return watch(self, lab.m_id); }, Place{{}, {}, "/dev/null"});
    if (!watcher)
        return watcher.error();
    lab.m_watcher = *watcher;
    if (auto built = lab.build(); !built)
        return built.error().in("the lab cannot be built");
    return lab;
}

Lab::Lab(Lab &&other) noexcept
    : m_id(std::exchange(other.m_id, {}))
    , m_watcher(other.m_watcher)
    , m_hasIpv6(other.m_hasIpv6)
{
}

Lab::~Lab()
{
    if (m_id.empty())
        return;
    removeLab(m_id);
    dismissWatcher();
    while (::waitpid(-1, nullptr, WNOHANG) > 0)
        ; // the killed children; nobody asks how they ended
}

void Lab::keep()
{
    std::ofstream(folder() + "/" + keptMark).flush();
    dismissWatcher();
    m_id.clear();
}

void Lab::dismissWatcher()
{
    if (m_watcher.isRunning())
        ::kill(m_watcher.pid(), SIGKILL);
    (void)m_watcher.waitFor(1s);
}

std::string Lab::netns(Host host) const
{
    return m_id + hostSuffixes[static_cast<std::size_t>(host)];
}

Place Lab::place(Host host, const std::string &logName) const
{
    return Place{netns(host), folder() + "/hosts", folder() + "/" + logName};
}

Result<void> Lab::build()
{
    const std::string client = netns(Host::Client), gateway = netns(Host::Gateway), target = netns(Host::Target);
    m_hasIpv6 = fs::exists("/proc/sys/net/ipv6");

    std::vector<Arguments> commands;
    for (const std::string &name : {client, gateway, target}) {
        commands.push_back({"ip", "netns", "add", name});
        commands.push_back({"ip", "-n", name, "link", "set", "lo", "up"});
    }
    const auto pair = [&commands](const std::string &ns, const std::string &link, const std::string &peerNs,
                                  const std::string &peer) {
        commands.push_back(
            {"ip", "-n", ns, "link", "add", link, "type", "veth", "peer", "name", peer, "netns", peerNs});
    };
    const auto address = [this, &commands](const std::string &ns, const std::string &link, const std::string &v4,
                                           const std::string &v6) {
        commands.push_back({"ip", "-n", ns, "addr", "add", v4, "dev", link});
        if (m_hasIpv6) // nodad: usable at once, nobody else can have it
            commands.push_back({"ip", "-n", ns, "addr", "add", v6, "dev", link, "nodad"});
        commands.push_back({"ip", "-n", ns, "link", "set", link, "up"});
    };
    pair(gateway, "veth1", target, "veth0");
    pair(gateway, "veth2", client, "veth3");
    address(target, "veth0", "10.0.10.1/24", "fd00:10::1/64");
    address(target, "veth0", "10.0.10.3/24", "fd00:10::3/64");
    address(gateway, "veth1", "10.0.10.2/24", "fd00:10::2/64");
    address(gateway, "veth2", "10.0.20.1/24", "fd00:20::1/64");
    address(client, "veth3", "10.0.20.2/24", "fd00:20::2/64");
    // The way back from the target makes an unintercepted connection work, and thus visible as such.
    const auto route = [this, &commands](const std::string &ns, const std::string &v4, const std::string &v6) {
        commands.push_back({"ip", "-n", ns, "route", "add", "default", "via", v4});
        if (m_hasIpv6)
            commands.push_back({"ip", "-n", ns, "-6", "route", "add", "default", "via", v6});
    };
    route(client, "10.0.20.1", "fd00:20::1");
    route(target, "10.0.10.2", "fd00:10::2");
    for (const Arguments &command : commands) {
        if (auto result = run(command); !result)
            return std::move(result).error();
    }

    auto forwarding = Child::call(
        [this] {
            std::ofstream v4("/proc/sys/net/ipv4/ip_forward");
            v4 << "1" << std::flush;
            std::ofstream v6("/proc/sys/net/ipv6/conf/all/forwarding");
            v6 << "1" << std::flush;
            return v4 && (v6 || !m_hasIpv6) ? 0 : 1;
        },
        place(Host::Gateway));
    if (!forwarding)
        return forwarding.error();
    if (!forwarding->waitFor(5s) || !forwarding->succeeded())
        return Error{ErrorCode::Failed, "cannot switch on forwarding in the gateway's namespace"};

    if (!fs::exists("/etc/hosts")) // the daemons see the lab's own in its place, and for that it must be there
        return Error{ErrorCode::NotFound, "this machine has no /etc/hosts; an empty one is enough"};
    std::error_code error;
    fs::create_directory(folder(), error);
    if (error)
        return systemError("cannot make the folder " + folder(), error.value());
    fs::permissions(folder(), fs::perms::owner_all, error);
    std::ofstream hosts(folder() + "/hosts");
    hosts << "127.0.0.1 localhost\n::1 localhost\n";
    for (const Family family : {Family::IPv4, Family::IPv6}) {
        const Addresses lab = addressesOf(family);
        hosts << lab.named.toString() << " " << lab.webName << " " << lab.tlsName << "\n";
    }
    hosts.close();
    if (!hosts)
        return Error{ErrorCode::Failed, "cannot write " + folder() + "/hosts"};
    return {};
}

int removeStaleLabs(bool withKept)
{
    std::set<std::string> ids;
    std::error_code ignored;
    for (const auto &folder : {"/run/netns", "/run"}) {
        for (const auto &entry : fs::directory_iterator(folder, ignored)) {
            std::string name = entry.path().filename().string();
            if (!name.starts_with(idPrefix))
                continue;
            for (const std::string &suffix : hostSuffixes)
                if (name.ends_with(suffix))
                    name.resize(name.size() - suffix.size());
            if (isStale(name) && (withKept || !fs::exists("/run/" + name + "/" + keptMark)))
                ids.insert(name);
        }
    }
    for (const std::string &id : ids)
        removeLab(id);
    return static_cast<int>(ids.size());
}

} // namespace sluice::lab
