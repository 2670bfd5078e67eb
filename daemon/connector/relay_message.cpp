// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/connector/relay_message.h"

#include "daemon/stream/stream.h"

namespace sluice::connector::relay {

namespace {

constexpr unsigned featureUser = 1;
constexpr unsigned featureAddress = 2;
constexpr unsigned featureTunnel = 3;
constexpr unsigned featureNetwork = 4;
constexpr std::size_t featureHeaderLength = 3;
constexpr std::size_t leastTunnelLength = 16;
constexpr unsigned networkUdp = 1;

void appendFeature(Bytes &bytes, unsigned type, const Bytes &data)
{
    append8(bytes, type);
    append16(bytes, static_cast<unsigned>(data.size()));
    bytes.insert(bytes.end(), data.begin(), data.end());
}

/// A text of one length byte at `at`, which moves behind it.
std::optional<std::string> takeText(std::span<const std::byte> data, std::size_t &at)
{
    if (at >= data.size() || data.size() - at - 1 < read8(data, at))
        return std::nullopt;
    const std::size_t length = read8(data, at);
    const auto text = data.subspan(at + 1, length);
    at += 1 + length;
    return std::string(stream::textOf(text));
}

/// False when the feature is not what its type promises.
bool applyFeature(Request &request, unsigned type, std::span<const std::byte> data)
{
    switch (type) {
    case featureUser: {
        std::size_t at = 0;
        auto user = takeText(data, at);
        auto password = takeText(data, at);
        if (!user || !password)
            return false;
        request.credentials = Credentials{*std::move(user), *std::move(password)};
        return true;
    }
    case featureAddress: {
        ParsedAddress parsed = parseAddress(data);
        if (parsed.kind == ParsedAddress::Kind::BadName) // no address at all, as GOST sees it
            request.target.reset();
        else if (parsed.kind == ParsedAddress::Kind::Complete)
            request.target = std::move(parsed.target);
        else
            return false;
        return true;
    }
    case featureTunnel: return data.size() >= leastTunnelLength;
    case featureNetwork:
        if (data.size() < 2)
            return false;
        request.isUdp = request.isUdp || read16(data, 0) == networkUdp;
        return true;
    default: return false;
    }
}

} // namespace

Bytes connectRequest(const Target &target, const std::optional<Credentials> &credentials)
{
    Bytes features;
    if (credentials) {
        Bytes user;
        append8(user, static_cast<unsigned>(credentials->user.size()));
        appendText(user, credentials->user);
        append8(user, static_cast<unsigned>(credentials->password.size()));
        appendText(user, credentials->password);
        appendFeature(features, featureUser, user);
    }
    Bytes address;
    appendAddress(address, target);
    appendFeature(features, featureAddress, address);

    Bytes bytes;
    append8(bytes, version);
    append8(bytes, static_cast<unsigned>(Command::Connect));
    append16(bytes, static_cast<unsigned>(features.size()));
    bytes.insert(bytes.end(), features.begin(), features.end());
    return bytes;
}

ParsedRequest parseRequest(std::span<const std::byte> bytes)
{
    ParsedRequest parsed;
    if (!bytes.empty() && read8(bytes, 0) != version) {
        parsed.kind = ParsedRequest::Kind::Malformed;
        return parsed;
    }
    if (bytes.size() < headerLength)
        return parsed;
    parsed.length = headerLength + read16(bytes, 2);
    if (bytes.size() < parsed.length)
        return parsed;
    parsed.request.command = read8(bytes, 1);
    parsed.request.isUdp = (parsed.request.command & udpFlag) != 0;
    parsed.kind = ParsedRequest::Kind::Malformed;
    for (auto rest = bytes.subspan(headerLength, parsed.length - headerLength); !rest.empty();) {
        if (rest.size() < featureHeaderLength)
            return parsed;
        const std::size_t length = read16(rest, 1);
        if (rest.size() - featureHeaderLength < length ||
            !applyFeature(parsed.request, read8(rest, 0), rest.subspan(featureHeaderLength, length)))
            return parsed;
        rest = rest.subspan(featureHeaderLength + length);
    }
    parsed.kind = ParsedRequest::Kind::Complete;
    return parsed;
}

Bytes response(Status status)
{
    Bytes bytes;
    append8(bytes, version);
    append8(bytes, static_cast<unsigned>(status));
    append16(bytes, 0);
    return bytes;
}

Error refusal(unsigned status, const std::string &target)
{
    const auto said = [&](ErrorCode code, std::string_view what) {
        return Error{code,
                     "the relay node answered " + std::to_string(status) + " (" + std::string(what) + ") for " + target,
                     0};
    };
    switch (static_cast<Status>(status)) {
    case Status::BadRequest: return said(ErrorCode::ProtocolError, "bad request");
    case Status::Unauthorized: return said(ErrorCode::AuthFailed, "user name or password not accepted");
    case Status::Forbidden: return said(ErrorCode::Refused, "forbidden");
    case Status::Timeout: return said(ErrorCode::Timeout, "timeout");
    case Status::ServiceUnavailable: return said(ErrorCode::Unreachable, "service unavailable");
    case Status::HostUnreachable: return said(ErrorCode::Unreachable, "host unreachable");
    case Status::NetworkUnreachable: return said(ErrorCode::Unreachable, "network unreachable");
    case Status::InternalServerError: return said(ErrorCode::Failed, "internal server error");
    case Status::Ok: break;
    }
    return said(ErrorCode::Failed, "unknown reason");
}

} // namespace sluice::connector::relay
