// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
//
// Numbers of SOCKS5 (RFC 1928, RFC 1929) and GOST's additions, for both sides.
#pragma once

namespace sluice::connector::socks5 {

constexpr unsigned version = 5;
constexpr unsigned authVersion = 1;

constexpr unsigned methodNone = 0x00;
constexpr unsigned methodPassword = 0x02;
constexpr unsigned methodTls = 0x80;         ///< GOST: TLS from here on, then no authentication
constexpr unsigned methodTlsPassword = 0x82; ///< GOST: TLS from here on, then user name and password
constexpr unsigned methodNoneAcceptable = 0xff;

constexpr unsigned commandConnect = 1;
constexpr unsigned commandBind = 2;
constexpr unsigned commandAssociate = 3;
constexpr unsigned commandUdpTunnel = 0xf3; ///< GOST: datagrams over this connection

constexpr unsigned succeeded = 0;
constexpr unsigned generalFailure = 1;
constexpr unsigned notAllowed = 2;
constexpr unsigned networkUnreachable = 3;
constexpr unsigned hostUnreachable = 4;
constexpr unsigned connectionRefused = 5;
constexpr unsigned ttlExpired = 6;
constexpr unsigned commandNotSupported = 7;
constexpr unsigned addressTypeNotSupported = 8;

} // namespace sluice::connector::socks5
