// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/policy/file_list.h"

#include "helper/base/unique_fd.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace sluice::policy {

namespace {

constexpr std::size_t maxFileSize = std::size_t{64} * 1024 * 1024;

} // namespace

std::vector<std::string> listLines(std::string_view text)
{
    constexpr std::string_view blanks = " \t\r";
    std::vector<std::string> lines;
    while (!text.empty()) {
        const auto end = text.find('\n');
        std::string_view line = text.substr(0, end);
        text.remove_prefix(std::min(text.size(), line.size() + 1));
        line = line.substr(0, line.find('#'));
        const auto first = line.find_first_not_of(blanks);
        if (first != std::string_view::npos)
            lines.emplace_back(line.substr(first, line.find_last_not_of(blanks) - first + 1));
    }
    return lines;
}

Result<std::vector<std::string>> readListFile(const std::string &path)
{
    // O_NONBLOCK: a FIFO without a writer must not hold the daemon up.
    const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    if (!fd)
        return systemError("cannot open the list " + path, errno);
    struct stat status = {};
    if (::fstat(fd.get(), &status) < 0)
        return systemError("cannot read the list " + path, errno);
    if (!S_ISREG(status.st_mode))
        return Error{ErrorCode::InvalidConfig, "the list " + path + " is not a regular file", 0};
    std::string text;
    std::array<char, 65536> buffer;
    while (true) {
        const ssize_t count = ::read(fd.get(), buffer.data(), buffer.size());
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            return systemError("cannot read the list " + path, errno);
        if (count == 0)
            return listLines(text);
        text.append(buffer.data(), static_cast<std::size_t>(count));
        if (text.size() > maxFileSize)
            return Error{ErrorCode::InvalidConfig, "the list " + path + " is larger than 64 MiB", 0};
    }
}

} // namespace sluice::policy
