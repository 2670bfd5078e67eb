// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
//
// What a client may say to the HTTP proxy.
#include "tests/fuzz/protocol_fuzzing.h"

using namespace sluice::test;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size)
{
    const FuzzInput input(data, size);
    static const auto open = fuzzedHandler("http", false);
    static const auto closed = fuzzedHandler("http", true);
    fuzzHandler(*open, input, false);
    fuzzHandler(*closed, input, false);
    return 0;
}
