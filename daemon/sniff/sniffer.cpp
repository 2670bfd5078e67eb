// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/sniff/sniffer.h"

#include "daemon/sniff/http_host_sniffer.h"
#include "daemon/sniff/tls_sni_sniffer.h"

namespace sluice::sniff {

namespace {

using Sniffer = SniffResult (*)(std::span<const std::byte> soFar);

/// All sniffers; their first bytes exclude each other, so the order does not matter.
constexpr Sniffer sniffers[] = {
    &sniffTlsSni,
    &sniffHttpHost,
};

} // namespace

SniffResult sniff(std::span<const std::byte> soFar)
{
    const bool isFull = soFar.size() >= maxSniffBytes;
    SniffResult answer;
    answer.verdict = Verdict::NotMine;
    for (const Sniffer sniffer : sniffers) {
        SniffResult result = sniffer(soFar.first(isFull ? maxSniffBytes : soFar.size()));
        if (result.verdict == Verdict::NeedMore && isFull)
            result.verdict = Verdict::Malformed;
        if (result.verdict == Verdict::Found || result.verdict == Verdict::Malformed)
            return result;
        if (result.verdict == Verdict::NeedMore || result.protocol != Protocol::Unknown)
            answer = std::move(result);
    }
    return answer;
}

} // namespace sluice::sniff
