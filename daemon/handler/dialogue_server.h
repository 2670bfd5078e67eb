// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
//
// What the dialogues of the proxy servers have in common.
#pragma once

#include "daemon/connector/wire.h"
#include "daemon/handler/handler.h"
#include "daemon/stream/dialogue.h"
#include "daemon/stream/headed_stream.h"

namespace sluice::handler {

/// A dialogue on a client's stream that ends in a Request. Thread: io.  Owner: the session, which deletes it before the
/// stream. Subclasses fill m_request and call finish(), or say their refusal and call fail().
class DialogueServer : public ServerDialogue, protected stream::Dialogue
{
public:
    ~DialogueServer() override { leave(); }
    void start(stream::Stream &client, Done done) override
    {
        m_done = std::move(done);
        converse(client);
    }

protected:
    void begin() override {} // the client speaks first
    [[nodiscard]] std::string nameOfPeer() const override { return "client"; }
    void ended(Error *error) override
    {
        const Done done = std::move(m_done); // outlives the dialogue, which may be deleted inside
        if (error != nullptr)
            done(std::move(*error));
        else
            done(std::move(m_request));
    }

    Request m_request;

private:
    Done m_done;
};

/// Did a policy, ours or a node's, say no? Otherwise the target could not be reached, be it that it refused (then there
/// is an errno).
[[nodiscard]] inline bool isForbidden(const Error &error)
{
    return error.code == ErrorCode::Refused && error.sysErrno == 0;
}

/// Does anybody with this name and password have access? Takes the same time for every wrong password of one length.
[[nodiscard]] bool areAccepted(const Credentials &credentials, std::string_view user, std::string_view password);

} // namespace sluice::handler
