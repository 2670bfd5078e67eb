// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
//
// The DNS decoder. The input is all that follows a header and a question that fit, so that the fuzzer gets past them;
// its first two bytes are the number of answers. The input as a whole message is tried too.
#include "daemon/dns/dns_message.h"

#include <cstdlib>

using namespace sluice::dns;

namespace {

void decode(std::span<const std::byte> message, RecordType type)
{
    Query query;
    query.id = 0x1234;
    query.name = "a.test";
    query.type = type;
    const auto response = decodeResponse(message, query);
    if (!response)
        return;
    for (const sluice::IpAddress &address : response->addresses) {
        // ::ffff:0:0/96 in an AAAA record is read as IPv4, never the other way round.
        if (type == RecordType::A && !address.isIpv4())
            std::abort();
    }
    if (response->ttl < std::chrono::seconds(0) || (response->isTruncated && !response->addresses.empty()))
        std::abort();
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size)
{
    const auto input = std::as_bytes(std::span(data, size));
    for (const RecordType type : {RecordType::A, RecordType::Aaaa}) {
        decode(input, type);
        if (size < 2)
            continue;
        std::vector<std::byte> message;
        for (const unsigned byte : {0x12U,
                                    0x34U,
                                    0x81U,
                                    0x80U,
                                    0U,
                                    1U,
                                    0U,
                                    0U,
                                    0U,
                                    0U,
                                    0U,
                                    0U,
                                    1U,
                                    unsigned{'a'},
                                    4U,
                                    unsigned{'t'},
                                    unsigned{'e'},
                                    unsigned{'s'},
                                    unsigned{'t'},
                                    0U,
                                    0U,
                                    static_cast<unsigned>(type),
                                    0U,
                                    1U})
            message.push_back(static_cast<std::byte>(byte));
        message[6] = input[0];
        message[7] = input[1];
        message.insert(message.end(), input.begin() + 2, input.end());
        decode(message, type);
    }
    return 0;
}
