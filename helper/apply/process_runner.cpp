// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "helper/apply/process_runner.h"

#include "helper/base/unique_fd.h"

#include <array>
#include <cassert>
#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>

namespace sluice::apply {

namespace {

using Clock = std::chrono::steady_clock;

struct Pipe
{
    UniqueFd readEnd, writeEnd;
};

Result<Pipe> makePipe()
{
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0)
        return systemError("cannot make a pipe", errno);
    return Pipe{UniqueFd(ends[0]), UniqueFd(ends[1])};
}

/// Standard input as a file in memory: a tool that stops reading early can neither block nor signal us.
Result<UniqueFd> makeInput(std::string_view input)
{
    UniqueFd file(::memfd_create("sluice-input", MFD_CLOEXEC));
    if (!file)
        return systemError("cannot make a file in memory", errno);
    while (!input.empty()) {
        const ssize_t written = ::write(file.get(), input.data(), input.size());
        if (written < 0)
            return systemError("cannot write to a file in memory", errno);
        input.remove_prefix(static_cast<std::size_t>(written));
    }
    if (::lseek(file.get(), 0, SEEK_SET) != 0)
        return systemError("cannot rewind a file in memory", errno);
    return file;
}

/// One of the child's outputs. Closes it at its end.
struct Sink
{
    UniqueFd &fd;
    std::string &text;

    /// False when more came than the limit allows.
    [[nodiscard]] bool read(std::size_t limit) const
    {
        std::array<char, 16384> buffer{};
        const ssize_t count = ::read(fd.get(), buffer.data(), buffer.size());
        if (count > 0)
            text.append(buffer.data(), static_cast<std::size_t>(count));
        else if (count == 0 || (errno != EINTR && errno != EAGAIN))
            fd.reset();
        return text.size() <= limit;
    }
};

/// Spawn attributes: no signal of ours blocked or ignored, a process group of its own.
class SpawnSettings
{
public:
    SpawnSettings(int input, int output, int errors)
    {
        ::posix_spawnattr_init(&m_attributes);
        ::posix_spawn_file_actions_init(&m_actions);
        sigset_t none, all;
        ::sigemptyset(&none);
        ::sigfillset(&all);
        ::posix_spawnattr_setsigmask(&m_attributes, &none);
        ::posix_spawnattr_setsigdefault(&m_attributes, &all);
        ::posix_spawnattr_setpgroup(&m_attributes, 0);
        ::posix_spawnattr_setflags(&m_attributes,
                                   POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
        ::posix_spawn_file_actions_adddup2(&m_actions, input, STDIN_FILENO);
        ::posix_spawn_file_actions_adddup2(&m_actions, output, STDOUT_FILENO);
        ::posix_spawn_file_actions_adddup2(&m_actions, errors, STDERR_FILENO);
    }
    SpawnSettings(const SpawnSettings &) = delete;
    SpawnSettings &operator=(const SpawnSettings &) = delete;
    ~SpawnSettings()
    {
        ::posix_spawn_file_actions_destroy(&m_actions);
        ::posix_spawnattr_destroy(&m_attributes);
    }

    [[nodiscard]] const posix_spawn_file_actions_t *actions() const { return &m_actions; }
    [[nodiscard]] const posix_spawnattr_t *attributes() const { return &m_attributes; }

private:
    posix_spawnattr_t m_attributes{};
    posix_spawn_file_actions_t m_actions{};
};

int waitFor(pid_t pid)
{
    int status = 0;
    while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

} // namespace

ProcessRunner::ProcessRunner(std::vector<std::string> folders, std::chrono::milliseconds timeout)
    : m_folders(std::move(folders))
    , m_timeout(timeout)
{
}

std::string ProcessRunner::find(const std::string &tool) const
{
    assert(!tool.empty() && tool.find('/') == std::string::npos);
    for (const std::string &folder : m_folders) {
        const std::string path = folder + "/" + tool;
        if (::access(path.c_str(), X_OK) == 0)
            return path;
    }
    return {};
}

Result<CommandOutput> ProcessRunner::run(const std::vector<std::string> &words, std::string_view input,
                                         std::size_t outputLimit)
{
    assert(!words.empty());
    const std::string &tool = words.front();
    const std::string path = find(tool);
    if (path.empty())
        return Error{ErrorCode::NotFound, "the tool " + tool + " is not installed"};

    Result<UniqueFd> inputFile = makeInput(input);
    if (!inputFile)
        return inputFile.error();
    Result<Pipe> output = makePipe(), errors = makePipe();
    if (!output || !errors)
        return (output ? errors : output).error();

    const SpawnSettings settings(inputFile->get(), output->writeEnd.get(), errors->writeEnd.get());
    std::vector<char *> arguments;
    for (const std::string &word : words)
        arguments.push_back(const_cast<char *>(word.c_str())); // exec's signature; it does not write
    arguments.push_back(nullptr);
    std::array<char *, 1> environment{nullptr};
    pid_t pid = -1;
    const int failure = ::posix_spawn(&pid, path.c_str(), settings.actions(), settings.attributes(), arguments.data(),
                                      environment.data());
    if (failure != 0)
        return systemError("cannot run " + path, failure);
    output->writeEnd.reset();
    errors->writeEnd.reset();

    CommandOutput result;
    const Sink sinks[] = {{output->readEnd, result.output}, {errors->readEnd, result.errors}};
    const auto stop = [pid](Error error) {
        ::kill(pid, SIGKILL);
        waitFor(pid);
        return error;
    };
    // The tools close their output only by ending; so the end of both is the end of the program.
    const Clock::time_point deadline = Clock::now() + m_timeout;
    while (sinks[0].fd.isValid() || sinks[1].fd.isValid()) {
        const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now());
        pollfd watched[] = {{sinks[0].fd.get(), POLLIN, 0}, {sinks[1].fd.get(), POLLIN, 0}}; // poll skips -1
        const int ready = left.count() <= 0 ? 0 : ::poll(watched, 2, static_cast<int>(left.count()));
        if (ready == 0)
            return stop(Error{ErrorCode::Timeout, tool + " did not finish in time"});
        if (ready < 0 && errno != EINTR)
            return stop(systemError("cannot wait for " + tool, errno));
        for (std::size_t i = 0; ready > 0 && i < 2; ++i) {
            if (watched[i].revents != 0 && !sinks[i].read(outputLimit))
                return stop(Error{ErrorCode::Exhausted, tool + " prints too much"});
        }
    }
    result.exitCode = waitFor(pid);
    return result;
}

} // namespace sluice::apply
