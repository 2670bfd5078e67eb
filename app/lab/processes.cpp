// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/lab/processes.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace sluice::lab {

namespace {

using Clock = std::chrono::steady_clock;

constexpr int NotStarted = 127; // what a shell says for a program that cannot be started

// A user's PATH often lacks the folders of ip and iptables.
std::string searchPath()
{
    const char *path = std::getenv("PATH");
    return std::string(path != nullptr ? path : "") + ":/usr/local/sbin:/usr/sbin:/sbin:/usr/bin:/bin";
}

bool enterNetns(const std::string &name)
{
    const UniqueFd fd(::open(("/run/netns/" + name).c_str(), O_RDONLY | O_CLOEXEC));
    return fd && ::setns(fd.get(), CLONE_NEWNET) == 0;
}

// Whatever a daemon leaves in its /run, however it ends, goes with its last process.
bool enterOwnFiles(const std::string &hostsFile)
{
    return ::unshare(CLONE_NEWNS) == 0 && ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
           ::mount(hostsFile.c_str(), "/etc/hosts", nullptr, MS_BIND, nullptr) == 0 &&
           ::mount("tmpfs", "/run", "tmpfs", MS_NOSUID | MS_NODEV, "mode=755") == 0;
}

bool redirect(int target, const char *path, int flags)
{
    const UniqueFd fd(::open(path, flags | O_CLOEXEC, 0600));
    return fd && ::dup2(fd.get(), target) >= 0;
}

// In the child, before its own work. Nothing here may return to the parent's code.
void settle(const Place &place)
{
    sigset_t none;
    sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    ::setsid();
    const bool isSettled =
        redirect(STDIN_FILENO, "/dev/null", O_RDONLY) && (place.netns.empty() || enterNetns(place.netns)) &&
        (place.logFile.empty() || (redirect(STDOUT_FILENO, place.logFile.c_str(), O_WRONLY | O_CREAT | O_APPEND) &&
                                   redirect(STDERR_FILENO, place.logFile.c_str(), O_WRONLY | O_CREAT | O_APPEND))) &&
        (place.hostsFile.empty() || enterOwnFiles(place.hostsFile));
    if (!isSettled)
        ::_exit(NotStarted);
}

[[noreturn]] void become(const Arguments &arguments)
{
    std::vector<char *> argv;
    argv.reserve(arguments.size() + 1);
    for (const std::string &argument : arguments)
        argv.push_back(const_cast<char *>(argument.c_str())); // execvp does not change them
    argv.push_back(nullptr);
    ::setenv("PATH", searchPath().c_str(), 1);
    ::execvp(argv[0], argv.data());
    ::_exit(NotStarted);
}

} // namespace

Result<Child> Child::call(const std::function<int()> &work, const Place &place)
{
    const pid_t pid = ::fork();
    if (pid < 0)
        return systemError("cannot start a process", errno);
    if (pid == 0) {
        settle(place);
        ::_exit(work());
    }
    return Child(pid);
}

Result<Child> Child::execute(const Arguments &arguments, const Place &place)
{
    return call([&arguments]() -> int { become(arguments); }, place);
}

bool Child::isRunning()
{
    if (m_pid > 0 && ::waitpid(m_pid, &m_status, WNOHANG) == m_pid)
        m_pid = -1;
    return m_pid > 0;
}

bool Child::waitFor(std::chrono::milliseconds timeout)
{
    const auto end = Clock::now() + timeout;
    while (isRunning()) {
        if (Clock::now() >= end)
            return false;
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return true;
}

void Child::stop(std::chrono::milliseconds grace)
{
    if (!isRunning())
        return;
    ::kill(m_pid, SIGTERM);
    if (waitFor(grace))
        return;
    ::kill(m_pid, SIGKILL);
    ::waitpid(m_pid, &m_status, 0);
    m_pid = -1;
}

std::string Child::endText() const
{
    if (WIFSIGNALED(m_status))
        return "was killed by signal " + std::to_string(WTERMSIG(m_status));
    if (WEXITSTATUS(m_status) == NotStarted)
        return "could not be started";
    return "ended with exit code " + std::to_string(WEXITSTATUS(m_status));
}

Result<std::string> run(const Arguments &arguments, const Place &place)
{
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0)
        return systemError("cannot make a pipe", errno);
    const UniqueFd reader(ends[0]);
    UniqueFd writer(ends[1]);
    auto child = Child::call(
        [&]() -> int {
            ::prctl(PR_SET_PDEATHSIG, SIGKILL); // nobody else would wait for it
            ::dup2(writer.get(), STDOUT_FILENO);
            ::dup2(writer.get(), STDERR_FILENO);
            become(arguments);
        },
        place);
    if (!child)
        return child.error();
    writer.reset();

    std::string output;
    std::array<char, 4096> buffer{};
    while (true) {
        const ssize_t count = ::read(reader.get(), buffer.data(), buffer.size());
        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0)
            break;
        output.append(buffer.data(), static_cast<std::size_t>(count));
    }
    while (!child->waitFor(std::chrono::seconds(1)))
        ; // it has closed its output, so its end is near
    if (child->succeeded())
        return output;

    std::string command;
    for (const std::string &argument : arguments)
        command += (command.empty() ? "" : " ") + argument;
    while (!output.empty() && output.back() == '\n')
        output.pop_back();
    return Error{ErrorCode::Failed, "'" + command + "' " + child->endText() + (output.empty() ? "" : ": " + output)};
}

bool isInstalled(const std::string &program)
{
    if (program.find('/') != std::string::npos)
        return ::access(program.c_str(), X_OK) == 0;
    const std::string path = searchPath();
    for (std::size_t begin = 0; begin <= path.size();) {
        const std::size_t end = std::min(path.find(':', begin), path.size());
        if (end > begin && ::access((path.substr(begin, end - begin) + "/" + program).c_str(), X_OK) == 0)
            return true;
        begin = end + 1;
    }
    return false;
}

Interrupts::Interrupts()
{
    sigset_t signals;
    sigemptyset(&signals);
    for (const int number : {SIGINT, SIGTERM, SIGHUP})
        sigaddset(&signals, number);
    ::sigprocmask(SIG_BLOCK, &signals, nullptr);
    m_fd.reset(::signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK));
}

Interrupts::~Interrupts()
{
    sigset_t signals;
    sigemptyset(&signals);
    for (const int number : {SIGINT, SIGTERM, SIGHUP})
        sigaddset(&signals, number);
    ::sigprocmask(SIG_UNBLOCK, &signals, nullptr);
}

Interrupts::Wait Interrupts::wait(int fd, std::chrono::milliseconds timeout)
{
    const auto end = Clock::now() + timeout;
    while (true) {
        if (signal() != 0)
            return Wait::Interrupted;
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - Clock::now());
        std::array<pollfd, 2> polled{pollfd{m_fd.get(), POLLIN, 0}, pollfd{fd, POLLIN, 0}};
        const int count = ::poll(polled.data(), polled.size(), static_cast<int>(std::max<long>(left.count(), 0)));
        if (polled[0].revents == 0 && polled[1].revents != 0)
            return Wait::Readable;
        if (count == 0)
            return Wait::TimedOut;
    }
}

int Interrupts::signal()
{
    signalfd_siginfo info{};
    if (m_signal == 0 && ::read(m_fd.get(), &info, sizeof info) == ssize_t{sizeof info})
        m_signal = static_cast<int>(info.ssi_signo);
    return m_signal;
}

} // namespace sluice::lab
