// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
//
// Messages of GOST's relay protocol, for both sides. Source: github.com/go-gost/relay.
//   request:  VER CMD    LEN(2) FEATURES
//   response: VER STATUS LEN(2) FEATURES      feature: TYPE LEN(2) DATA, all big-endian
#pragma once

#include "daemon/connector/wire.h"

#include <optional>
#include <string>

namespace sluice::connector::relay {

constexpr unsigned version = 1;
constexpr std::size_t headerLength = 4;

enum class Command : unsigned { Connect = 1, Bind = 2, Associate = 3 };
constexpr unsigned commandMask = 0x0f;
constexpr unsigned udpFlag = 0x80;

enum class Status : unsigned {
    Ok = 0,
    BadRequest = 1,
    Unauthorized = 2,
    Forbidden = 3,
    Timeout = 4,
    ServiceUnavailable = 5,
    HostUnreachable = 6,
    NetworkUnreachable = 7,
    InternalServerError = 8,
};

/// What a client may say about itself; both at most 255 bytes.
struct Credentials
{
    std::string user;
    std::string password;
};

struct Request
{
    unsigned command = 0; ///< with flags, as on the wire
    std::optional<Credentials> credentials;
    std::optional<Target> target;
    bool isUdp = false; ///< by flag or by the network feature
};

/// TCP CONNECT: credentials if any, then the address.
[[nodiscard]] Bytes connectRequest(const Target &target, const std::optional<Credentials> &credentials);

struct ParsedRequest
{
    enum class Kind { Complete, NeedsMore, Malformed };
    Kind kind = Kind::NeedsMore;
    Request request;
    std::size_t length = 0; ///< bytes it takes
};
/// Of features that occur twice the last counts. An unknown feature makes the whole message malformed.
[[nodiscard]] ParsedRequest parseRequest(std::span<const std::byte> bytes);

[[nodiscard]] Bytes response(Status status);

/// What a response other than Ok comes to.
[[nodiscard]] Error refusal(unsigned status, const std::string &target);

} // namespace sluice::connector::relay
