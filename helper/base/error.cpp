// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "helper/base/error.h"

#include <cerrno>
#include <system_error>

namespace sluice {

namespace {

ErrorCode codeOf(int number)
{
    switch (number) {
    case EPERM:
    case EACCES: return ErrorCode::PermissionDenied;
    case EADDRINUSE: return ErrorCode::AddressInUse;
    case ENOENT: return ErrorCode::NotFound;
    case EINVAL: return ErrorCode::InvalidArgument;
    case ENOPROTOOPT:
    case EOPNOTSUPP:
    case EAFNOSUPPORT: return ErrorCode::Unsupported;
    case ETIMEDOUT: return ErrorCode::Timeout;
    case ECONNREFUSED: return ErrorCode::Refused;
    case EHOSTUNREACH:
    case ENETUNREACH:
    case ENETDOWN:
    case EHOSTDOWN:
    case EPIPE:
    case ECONNRESET: return ErrorCode::Unreachable;
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOMEM:
    case EADDRNOTAVAIL: return ErrorCode::Exhausted;
    default: return ErrorCode::Failed;
    }
}

} // namespace

Error systemError(std::string_view what, int number)
{
    // generic_category().message() is strerror_r underneath: safe in every thread.
    return Error{codeOf(number), std::string(what) + ": " + std::generic_category().message(number), number};
}

} // namespace sluice
