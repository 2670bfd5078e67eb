// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
//
// Numbers of SOCKS4 and SOCKS4a, for both sides.
// Source: SOCKS: A protocol for TCP proxy across firewalls, and its extension 4A.
#pragma once

#include <cstddef>

namespace sluice::connector::socks4 {

constexpr unsigned version = 4;
constexpr unsigned replyVersion = 0;
constexpr unsigned commandConnect = 1;
constexpr std::size_t replyLength = 8;
constexpr unsigned granted = 0x5a;
constexpr unsigned rejected = 0x5b;
constexpr unsigned noIdentd = 0x5c;
constexpr unsigned wrongIdentd = 0x5d;

} // namespace sluice::connector::socks4
