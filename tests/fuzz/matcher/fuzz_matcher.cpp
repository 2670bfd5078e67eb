// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
//
// The rule parser: no text crashes it, and a rule that parses can be asked. Rules come from the user's own file, so the
// cost of a regular expression is the user's choice and only short ones are run here.
#include "daemon/chain/matcher.h"

#include <cstdlib>

using namespace sluice;
using namespace sluice::chain;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size)
{
    const std::string rule(reinterpret_cast<const char *>(data), size);
    const auto matcher = Matcher::parse(rule);
    if (!matcher) {
        if (matcher.error().message.empty())
            std::abort();
        return 0;
    }
    const MatchRequest request{policy::Network::Tcp, "www.example.org", "tls", IpAddress::parse("192.168.1.7")};
    const bool answer = (*matcher)->matches(request);
    // Turned round, the rule answers the opposite (or is now too long or too deep).
    const auto opposite = Matcher::parse("!(" + rule + ")");
    if (opposite && (*opposite)->matches(request) == answer)
        std::abort();
    return 0;
}
