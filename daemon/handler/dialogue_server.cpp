// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/handler/dialogue_server.h"

#include <openssl/crypto.h>

namespace sluice::handler {

namespace {

bool areEqual(std::string_view left, std::string_view right)
{
    return left.size() == right.size() && CRYPTO_memcmp(left.data(), right.data(), left.size()) == 0;
}

} // namespace

bool areAccepted(const Credentials &credentials, std::string_view user, std::string_view password)
{
    bool isFound = false;
    for (const config::AuthConfig &known : credentials) {
        const bool isUser = areEqual(known.username, user);
        const bool isPassword = areEqual(known.password, password);
        isFound = isFound || (isUser && isPassword);
    }
    return isFound;
}

} // namespace sluice::handler
