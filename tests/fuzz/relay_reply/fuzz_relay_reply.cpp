// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
//
// What a relay node may answer.
#include "tests/fuzz/protocol_fuzzing.h"

using namespace sluice::test;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size)
{
    const FuzzInput input(data, size);
    static const auto connector = fuzzedConnector("relay");
    fuzzConnector(*connector, input);
    return 0;
}
