// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
//
// One port for several proxy protocols.
#include "daemon/handler/dialogue_server.h"
#include "daemon/handler/handlers.h"

namespace sluice::handler {

namespace {

struct Protocols
{
    HandlerPtr socks4, socks5, http;
};

/// Looks at the first byte, puts it back, and lets the right dialogue go on.
class AutoServer final : public ServerDialogue, private stream::Dialogue
{
public:
    explicit AutoServer(const Protocols &protocols)
        : m_protocols(protocols)
    {
    }
    ~AutoServer() override { leave(); }

    void start(stream::Stream &client, Done done) override
    {
        m_client = &client;
        m_done = std::move(done);
        converse(client);
    }
    [[nodiscard]] stream::StreamPtr granted(stream::StreamPtr client, const Endpoint &bound) override
    {
        return m_chosen->granted(std::move(client), bound);
    }
    void refused(stream::Stream &client, const Error &error) override { m_chosen->refused(client, error); }

private:
    void begin() override {}
    [[nodiscard]] std::string nameOfPeer() const override { return "client"; }
    std::size_t hear(std::span<const std::byte> heard) override
    {
        switch (connector::read8(heard, 0)) {
        case 4: m_chosen = m_protocols.socks4->serve(); break;
        case 5: m_chosen = m_protocols.socks5->serve(); break;
        default: m_chosen = m_protocols.http->serve(); break;
        }
        finish();
        return 0;
    }
    void ended(Error *error) override
    {
        Done done = std::move(m_done);
        if (error != nullptr)
            done(std::move(*error));
        else
            m_chosen->start(*m_client, std::move(done));
    }

    const Protocols &m_protocols;
    stream::Stream *m_client = nullptr;
    Done m_done;
    std::unique_ptr<ServerDialogue> m_chosen;
};

class AutoHandler final : public Handler
{
public:
    explicit AutoHandler(Protocols protocols)
        : m_protocols(std::move(protocols))
    {
    }
    [[nodiscard]] std::unique_ptr<ServerDialogue> serve() const override
    {
        return std::make_unique<AutoServer>(m_protocols);
    }

private:
    Protocols m_protocols;
};

} // namespace

Result<HandlerPtr> makeAutoHandler(const config::HandlerConfig &config, Credentials credentials)
{
    Protocols protocols;
    const auto make = [&](HandlerPtr &place, auto maker) -> Result<void> {
        auto made = maker(config, credentials);
        if (!made)
            return std::move(made).error();
        place = *std::move(made);
        return {};
    };
    if (auto made = make(protocols.socks4, makeSocks4Handler); !made)
        return std::move(made).error();
    if (auto made = make(protocols.socks5, makeSocks5Handler); !made)
        return std::move(made).error();
    if (auto made = make(protocols.http, makeHttpHandler); !made)
        return std::move(made).error();
    return HandlerPtr(std::make_unique<AutoHandler>(std::move(protocols)));
}

} // namespace sluice::handler
