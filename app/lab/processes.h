// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
//
// Starting, waiting for and ending the lab's processes, and hearing of Ctrl-C meanwhile. Needs a single-threaded
// program: children are forked and go on in our own code.
#pragma once

#include "helper/base/result.h"
#include "helper/base/unique_fd.h"

#include <chrono>
#include <functional>
#include <string>
#include <sys/types.h>
#include <vector>

namespace sluice::lab {

using Arguments = std::vector<std::string>;

/// Where a child of the lab runs. Empty members mean: as the parent.
struct Place
{
    std::string netns;     ///< name below /run/netns
    std::string hostsFile; ///< stands in for /etc/hosts, in a mount namespace of the child's own with an empty /run
    std::string logFile;   ///< stdout and stderr are appended to it
};

/// A forked child in a session of its own, so that Ctrl-C reaches only the parent. The destructor does not end it: what
/// still lives in the lab's namespaces is found and killed when the lab goes (lab.h).
class Child
{
public:
    Child() = default;
    /// Executes arguments[0], searched in PATH and the sbin folders. A program that cannot be started ends with 127.
    static Result<Child> execute(const Arguments &arguments, const Place &place);
    /// Runs `work` in the child, which ends with its result.
    static Result<Child> call(const std::function<int()> &work, const Place &place);

    [[nodiscard]] pid_t pid() const { return m_pid; }
    /// True until the child has ended; then endText() says how.
    [[nodiscard]] bool isRunning();
    [[nodiscard]] bool waitFor(std::chrono::milliseconds timeout);
    /// SIGTERM, and SIGKILL when `grace` is over.
    void stop(std::chrono::milliseconds grace);
    [[nodiscard]] std::string endText() const; ///< "ended with exit code 1", "was killed by signal 9"
    [[nodiscard]] bool succeeded() const { return m_pid < 0 && m_status == 0; }

private:
    explicit Child(pid_t pid)
        : m_pid(pid)
    {
    }
    pid_t m_pid = -1;
    int m_status = 0; ///< as waitpid(2) gives it
};

/// Runs a program to its end, never through a shell. The value is what it printed; a non-zero exit is an error that
/// quotes its last words.
Result<std::string> run(const Arguments &arguments, const Place &place = {});

/// True when `program` can be executed: a path, or a name in PATH or the sbin folders.
[[nodiscard]] bool isInstalled(const std::string &program);

/// While it lives, SIGINT, SIGTERM and SIGHUP wait here instead of ending the program.
class Interrupts
{
public:
    enum class Wait { Readable, TimedOut, Interrupted };

    Interrupts();
    ~Interrupts();
    Interrupts(const Interrupts &) = delete;
    Interrupts &operator=(const Interrupts &) = delete;

    /// Waits until `fd` is readable (or at its end). With fd -1 it only sleeps.
    Wait wait(int fd, std::chrono::milliseconds timeout);
    /// The signal that came, 0 for none.
    [[nodiscard]] int signal();

private:
    UniqueFd m_fd;
    int m_signal = 0;
};

} // namespace sluice::lab
