// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
//
// What a client may say to the relay server.
#include "tests/fuzz/protocol_fuzzing.h"

using namespace sluice::test;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size)
{
    const FuzzInput input(data, size);
    static const auto open = fuzzedHandler("relay", false);
    static const auto closed = fuzzedHandler("relay", true);
    fuzzHandler(*open, input, true);
    fuzzHandler(*closed, input, true);
    return 0;
}
