// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
//
// What a SOCKS proxy may answer.
#include "tests/fuzz/protocol_fuzzing.h"

using namespace sluice::test;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size)
{
    const FuzzInput input(data, size);
    static const auto plain = fuzzedConnector("socks5");
    static const auto withUser = fuzzedConnector("socks5", "user");
    static const auto version4 = fuzzedConnector("socks4");
    fuzzConnector(*plain, input);
    fuzzConnector(*withUser, input);
    fuzzConnector(*version4, input);
    return 0;
}
