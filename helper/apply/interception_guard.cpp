// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "helper/apply/interception_guard.h"

#include "helper/apply/process_runner.h"

#include <cerrno>
#include <chrono>
#include <csignal>
#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace sluice::apply {

namespace {

constexpr char dismissal = 'q';
constexpr int lifelineFd = 3; // the first after the standard ones
constexpr int removalAttempts = 5;

int pidfdOpen(pid_t pid)
{
    return static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)); // glibc has a wrapper from 2.36 on only
}

/// Cuts the child off from everything of its parent's but the lifeline.
void detach(int lifeline)
{
    ::setsid(); // Ctrl-C goes to the terminal's group
    for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE, SIGUSR1, SIGUSR2})
        ::signal(signal, SIG_IGN);
    ::signal(SIGCHLD, SIG_DFL); // ignored, it would take the tools' exit codes away
    sigset_t none;
    ::sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    ::prctl(PR_SET_NAME, "sluice-janitor");

    // Inherited descriptors would keep sockets listening and pipes open.
    const int nowhere = ::open("/dev/null", O_RDWR);
    if (lifeline != lifelineFd)
        ::dup2(lifeline, lifelineFd);
    for (const int standard : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
        ::dup2(nowhere, standard);
    ::syscall(SYS_close_range, lifelineFd + 1, ~0U, 0);
    ::fcntl(lifelineFd, F_SETFD, FD_CLOEXEC);
    if (::chdir("/") != 0) {
        // An unreachable root leaves the old folder busy, no more than that.
    }
}

/// Waits for the parent's word or end. True when it was dismissed.
bool waitForEnd(pid_t parent)
{
    // The lifeline tells of the end too, unless a stray child of the parent still holds the other end.
    const UniqueFd parentFd(::getppid() == parent ? pidfdOpen(parent) : -1);
    while (::getppid() == parent) {
        pollfd watched[] = {{lifelineFd, POLLIN, 0}, {parentFd.get(), POLLIN, 0}};
        if (::poll(watched, 2, -1) < 0)
            continue; // EINTR
        if (watched[0].revents != 0) {
            char word = 0;
            const ssize_t count = ::read(lifelineFd, &word, 1);
            return count == 1 && word == dismissal;
        }
        if (watched[1].revents != 0)
            break;
    }
    return false;
}

[[noreturn]] void runJanitor(int lifeline, pid_t parent, const ApplyOptions &options)
{
    detach(lifeline);
    if (!waitForEnd(parent)) {
        ProcessRunner runner(options.toolFolders);
        RuleApplier applier(runner, options);
        for (int attempt = 0; attempt < removalAttempts && !applier.remove(); ++attempt)
            std::this_thread::sleep_for(std::chrono::milliseconds(200) * attempt);
    }
    ::_exit(0);
}

} // namespace

InterceptionGuard::InterceptionGuard(const ApplyOptions &options)
    : m_options(options)
    , m_runner(std::make_unique<ProcessRunner>(options.toolFolders))
    , m_applier(*m_runner, options)
{
}

InterceptionGuard::~InterceptionGuard()
{
    static_cast<void>(stop());
}

Result<std::unique_ptr<InterceptionGuard>> InterceptionGuard::create(const ApplyOptions &options)
{
    std::unique_ptr<InterceptionGuard> guard(new InterceptionGuard(options));
    // The janitor first: rules never stand without one.
    if (const Result<void> result = guard->startJanitor(); !result)
        return result.error();
    return guard;
}

Result<std::unique_ptr<InterceptionGuard>> InterceptionGuard::start(const plan::InterceptionPlan &plan,
                                                                    const ApplyOptions &options)
{
    auto guard = create(options);
    if (guard) {
        if (const Result<void> result = (*guard)->apply(plan); !result)
            return result.error();
    }
    return guard;
}

Result<void> InterceptionGuard::apply(const plan::InterceptionPlan &plan)
{
    Result<AppliedRules> applied = m_applier.apply(plan);
    if (!applied)
        return std::move(applied).error();
    m_applied = std::move(*applied);
    m_isApplied = true;
    return {};
}

Result<void> InterceptionGuard::startJanitor()
{
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
        return systemError("cannot make a socket pair", errno);
    const UniqueFd janitorEnd(ends[0]);
    UniqueFd ownEnd(ends[1]);
    const pid_t parent = ::getpid();
    const pid_t child = ::fork();
    if (child < 0)
        return systemError("cannot start the janitor", errno);
    if (child == 0)
        runJanitor(janitorEnd.get(), parent, m_options);
    m_janitor = child;
    m_janitorFd.reset(pidfdOpen(child));
    m_lifeline = std::move(ownEnd);
    return {};
}

void InterceptionGuard::dismissJanitor()
{
    if (m_janitor <= 0)
        return;
    // A dead janitor needs no word: then this fails, which is well.
    static_cast<void>(::send(m_lifeline.get(), &dismissal, 1, MSG_NOSIGNAL));
    m_lifeline.reset();
    while (::waitpid(m_janitor, nullptr, 0) < 0 && errno == EINTR) {
    }
    m_janitor = -1;
    m_janitorFd.reset();
}

Result<void> InterceptionGuard::restartJanitor()
{
    dismissJanitor();
    return startJanitor();
}

Result<void> InterceptionGuard::stop()
{
    if (m_isApplied) {
        if (Result<void> result = m_applier.remove(); !result)
            return result;
        m_isApplied = false;
    }
    dismissJanitor();
    return {};
}

} // namespace sluice::apply
