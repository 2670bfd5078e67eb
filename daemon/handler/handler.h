// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
//
// Finding out what a client wants: from the kernel (red), or by a proxy protocol that it speaks (socks5, http, relay).
#pragma once

#include "daemon/config/config.h"
#include "daemon/connector/connector.h"
#include "daemon/stream/stream.h"
#include "helper/base/result.h"

#include <functional>
#include <memory>

namespace sluice::handler {

/// What a client asked for.
struct Request
{
    connector::Target target;
    std::string user; ///< the authenticated user, empty for none
};

/// One client's dialogue. Thread: io.  Owner: the session, which also owns the stream and the deadline.
/// `done` is called exactly once and is the last thing start() or an event does (the server may be deleted inside it).
class ServerDialogue
{
public:
    using Done = std::function<void(Result<Request>)>;

    virtual ~ServerDialogue() = default;
    /// Reads the client's request from `client`, watching it meanwhile. On error it has already written what its protocol
    /// says about it (407, socks status, …).
    virtual void start(stream::Stream &client, Done done) = 0;
    /// The upstream is there: writes the protocol's yes and returns the stream to relay (usually `client` itself, or a
    /// decorator of it). `bound` is the address the upstream socket has, unspecified if not known.
    [[nodiscard]] virtual stream::StreamPtr granted(stream::StreamPtr client, const Endpoint &bound) = 0;
    /// The upstream cannot be had: writes the protocol's no (best effort).
    virtual void refused(stream::Stream &client, const Error &error) = 0;
};

/// One handler type configured for one service. Immutable, shared by all workers.
class Handler
{
public:
    virtual ~Handler() = default;
    /// Null for a handler whose request is known from the socket (red): there is nothing to talk about.
    [[nodiscard]] virtual std::unique_ptr<ServerDialogue> serve() const = 0;
};

using HandlerPtr = std::unique_ptr<const Handler>;

/// Users and passwords that a server accepts; empty accepts everybody. Immutable.
using Credentials = std::vector<config::AuthConfig>;

/// Makes the handler that `config.type` names; see builtin_handlers.cpp.
[[nodiscard]] Result<HandlerPtr> makeHandler(const config::HandlerConfig &config, Credentials credentials);

} // namespace sluice::handler
