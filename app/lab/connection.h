// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
//
// A plain blocking TCP connection for the lab's clients and servers, with a time limit on every step.
#pragma once

#include "helper/base/ip_address.h"
#include "helper/base/result.h"
#include "helper/base/unique_fd.h"

#include <string>
#include <string_view>

namespace sluice::lab {

/// Thread: one at a time.  Errors: systemError; a step without any progress for five seconds is a Timeout.
class Connection
{
public:
    static Result<Connection> open(const Endpoint &server);
    static Connection adopt(UniqueFd accepted);

    [[nodiscard]] int fd() const { return m_fd.get(); }
    Result<void> send(std::string_view bytes);
    /// Exactly `count` bytes; an earlier end is an error.
    Result<std::string> receive(std::size_t count);
    /// Up to and with `end`, at most 64 KiB.
    Result<std::string> receiveUntil(std::string_view end);
    /// Everything to the peer's FIN.
    Result<std::string> receiveAll();
    Result<void> finish(); ///< sends FIN; receiving goes on

    [[nodiscard]] Endpoint local() const;
    [[nodiscard]] Endpoint peer() const;

private:
    explicit Connection(UniqueFd fd);
    Result<std::string> receiveSome(std::size_t limit);
    UniqueFd m_fd;
};

} // namespace sluice::lab
