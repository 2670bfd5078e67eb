// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
//
// The HTTP sniffer: no input crashes it, a name it finds is safe, and what it says once it never takes back.
#include "daemon/sniff/host_name.h"
#include "daemon/sniff/http_host_sniffer.h"

#include <cstdlib>

using namespace sluice::sniff;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size)
{
    const auto bytes = std::as_bytes(std::span(data, size));
    const SniffResult result = sniff(bytes);
    if (!result.host.empty()) {
        const auto host = normaliseHost(result.host);
        if (result.verdict != Verdict::Found || result.literal || !host || host->name != result.host)
            std::abort();
    }
    // A prefix gives the same answer as the whole, or none yet.
    const SniffResult prefix = sniffHttpHost(bytes.first(size / 2));
    if (prefix.verdict != Verdict::NeedMore && prefix != sniffHttpHost(bytes))
        std::abort();
    return 0;
}
