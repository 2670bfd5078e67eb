// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/handler/handler.h"

namespace sluice::handler {

namespace {

class RedHandler final : public Handler
{
public:
    [[nodiscard]] std::unique_ptr<ServerDialogue> serve() const override { return nullptr; }
};

} // namespace

Result<HandlerPtr> makeHandler(const config::HandlerConfig &config, Credentials)
{
    if (config.type == "red" || config.type == "redir" || config.type == "redirect")
        return HandlerPtr(std::make_unique<RedHandler>());
    return Error{ErrorCode::Unsupported, "unknown handler: " + config.type, 0};
}

} // namespace sluice::handler
