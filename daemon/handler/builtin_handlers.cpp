// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
//
// The list of handlers. A new one is a line here and a maker in handlers.h.
#include "daemon/handler/handlers.h"

#include <array>

namespace sluice::handler {

namespace {

class RedirectHandler final : public Handler
{
public:
    [[nodiscard]] std::unique_ptr<ServerDialogue> serve() const override { return nullptr; }
};

struct Entry
{
    std::string_view name;
    Result<HandlerPtr> (*make)(const config::HandlerConfig &, Credentials);
};

constexpr std::array<Entry, 11> builtins{{
    {"auto", makeAutoHandler},
    {"http", makeHttpHandler},
    {"red", makeRedirectHandler},
    {"redir", makeRedirectHandler},
    {"redirect", makeRedirectHandler},
    {"redu", makeRedirectHandler},
    {"relay", makeRelayHandler},
    {"socks", makeSocks5Handler},
    {"socks4", makeSocks4Handler},
    {"socks4a", makeSocks4Handler},
    {"socks5", makeSocks5Handler},
}};

} // namespace

Result<HandlerPtr> makeRedirectHandler(const config::HandlerConfig &, Credentials)
{
    return HandlerPtr(std::make_unique<RedirectHandler>());
}

Result<HandlerPtr> makeHandler(const config::HandlerConfig &config, Credentials credentials)
{
    std::string names;
    for (const Entry &entry : builtins) {
        if (entry.name == config.type)
            return entry.make(config, std::move(credentials)).in("handler " + config.type);
        names += (names.empty() ? "" : ", ") + std::string(entry.name);
    }
    return Error{ErrorCode::InvalidConfig, "there is no handler '" + config.type + "'; known are " + names, 0};
}

} // namespace sluice::handler
