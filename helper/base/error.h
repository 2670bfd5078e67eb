// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
//
// What went wrong, once for programs (code) and once for people (message).
#pragma once

#include <string>
#include <string_view>

namespace sluice {

/// The kinds of failure that callers tell apart. Anything else is Failed.
enum class ErrorCode {
    Failed,           ///< no finer kind fits
    InvalidArgument,  ///< the caller's words are off: a value, a name, an option
    InvalidConfig,    ///< a configuration that cannot be used
    NotFound,         ///< a named thing does not exist
    PermissionDenied, ///< a capability or right is missing
    AddressInUse,     ///< somebody else owns the address or name
    Unsupported,      ///< this kernel, tool or build cannot do it
    Timeout,          ///< a deadline passed
    Refused,          ///< the peer or a policy said no
    Unreachable,      ///< no way to the peer, or the peer went away
    AuthFailed,       ///< credentials were missing or wrong
    ProtocolError,    ///< the peer broke its protocol
    Exhausted,        ///< out of descriptors, ports, memory or another budget
    Cancelled,        ///< stopped on purpose
};

/// A failure as a value. `message` is one sentence: what happened, where, and what to do; it never holds a secret.
/// Thread: any (plain value).
struct Error
{
    ErrorCode code = ErrorCode::Failed;
    std::string message;
    int sysErrno = 0; ///< errno(3) of the system call behind it, 0 if there was none

    /// The same error seen from one level up: "context: message".
    [[nodiscard]] Error in(std::string_view context) const
    {
        Error wrapped = *this;
        wrapped.message = std::string(context) + ": " + message;
        return wrapped;
    }
};

/// An error made from errno: "what: strerror(number)", with the code that fits the number.
[[nodiscard]] Error systemError(std::string_view what, int number);

} // namespace sluice
