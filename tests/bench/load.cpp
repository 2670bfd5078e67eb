// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
//
// bench-load: the traffic ends of the load tests. They cost little themselves: sendfile() from memory, receiving
// without a copy.
//   serve                 all servers (ports: traffic.h)
//   socks [PORT]          a SOCKS5 and HTTP CONNECT upstream on PORT (1080)
//   up|down N SECONDS     N bulk connections        rr N SECONDS   64-byte ping-pong over N connections
//   crr N SECONDS         connect, 64 bytes each way, close; N at a time, over 64 addresses
//   idle N, slow N        hold N idle connections, or N that are sent to and do not read, until the end of input
//   verify N MIB          compare MIB pseudo-random MiB each way on N connections, with a half-close between
// BENCH_SERVER is the address of the server; crr and idle want it to have neighbours.
#include "tests/bench/traffic.h"

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <sys/resource.h>

using namespace sluice;
using namespace sluice::bench;

namespace {

int usage()
{
    std::fputs("usage: bench-load serve | socks [PORT] | up|down|rr|crr N SECONDS | idle|slow N | verify N MIB\n",
               stderr);
    return 2;
}

void raiseDescriptorLimit()
{
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
}

IpAddress serverAddress()
{
    const char *text = std::getenv("BENCH_SERVER");
    const auto address = IpAddress::parse(text != nullptr ? text : "127.0.0.1");
    if (!address)
        std::exit(usage());
    return *address;
}

int runClient(std::string_view word, int count, double amount)
{
    const IpAddress server = serverAddress();
    if (word == "up")
        return sendBulk(server, count, amount);
    if (word == "down")
        return receiveBulk(server, count, amount);
    if (word == "rr")
        return pingPong(server, count, amount);
    if (word == "crr")
        return connectAndClose(server, count, amount);
    if (word == "idle")
        return holdIdle(server, count);
    if (word == "slow")
        return holdUnread(server, count);
    if (word == "verify")
        return verify(server, count, static_cast<int>(amount));
    return usage();
}

} // namespace

int main(int argc, char **argv)
{
    std::signal(SIGPIPE, SIG_IGN);
    raiseDescriptorLimit();
    const std::string_view word = argc > 1 ? argv[1] : "";
    if (word == "serve")
        serve();
    if (word == "socks")
        serveUpstream(argc > 2 ? static_cast<std::uint16_t>(std::atoi(argv[2])) : 1080);
    const int count = argc > 2 ? std::atoi(argv[2]) : 0;
    if (count <= 0)
        return usage();
    return runClient(word, count, argc > 3 ? std::atof(argv[3]) : 1);
}
