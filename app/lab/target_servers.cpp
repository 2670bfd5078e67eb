// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/lab/target_servers.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <functional>
#include <map>
#include <netinet/in.h>
#include <poll.h>
#include <sstream>
#include <thread>

namespace sluice::lab {

namespace {

using Server = std::function<void(Connection &, const Sighting &, const Identity &)>;

void serveMail(Connection &client, const Sighting &sighting, const Identity &)
{
    if (client.send("220 " + sighting.toLine()))
        (void)client.receiveAll(); // "QUIT", whenever it comes
}

void serveWeb(Connection &client, const Sighting &sighting, const Identity &)
{
    const auto request = client.receiveUntil("\r\n\r\n");
    if (!request)
        return;
    const std::string body = *request + sighting.toLine();
    (void)client.send("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nConnection: close\r\nContent-Length: " +
                      std::to_string(body.size()) + "\r\n\r\n" + body);
}

void serveTls(Connection &client, const Sighting &sighting, const Identity &identity)
{
    auto session = TlsSession::accept(client, identity);
    if (!session)
        return;
    Sighting withName = sighting;
    withName.tlsName = session->serverName();
    (void)session->sendLine(withName.toLine());
}

void serveEcho(Connection &client, const Sighting &sighting, const Identity &)
{
    constexpr std::size_t step = 16 * 1024;
    for (std::size_t done = 0; done < EchoBytes; done += step) {
        const auto bytes = client.receive(step);
        if (!bytes || !client.send(*bytes))
            return;
    }
    (void)client.send(sighting.toLine());
}

void serveUpload(Connection &client, const Sighting &sighting, const Identity &)
{
    if (client.receiveAll())
        (void)client.send(testPattern() + sighting.toLine());
}

struct Listener
{
    UniqueFd fd;
    Server serve;
};

Result<UniqueFd> listenOn(std::uint16_t port)
{
    // One socket for both families where there is IPv6.
    const bool hasIpv6 = ::access("/proc/net/if_inet6", F_OK) == 0;
    UniqueFd fd(::socket(hasIpv6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const int on = 1;
    ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    sockaddr_in6 v6{};
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(port);
    sockaddr_in v4{};
    v4.sin_family = AF_INET;
    v4.sin_port = htons(port);
    const int bound = hasIpv6 ? ::bind(fd.get(), reinterpret_cast<const sockaddr *>(&v6), sizeof v6)
                              : ::bind(fd.get(), reinterpret_cast<const sockaddr *>(&v4), sizeof v4);
    if (bound != 0 || ::listen(fd.get(), SOMAXCONN) != 0)
        return systemError("the target cannot listen on port " + std::to_string(port), errno);
    return fd;
}

// The child's work: one thread for each connection, until the lab goes.
int serve(const Identity &identity, UniqueFd ready)
{
    ::signal(SIGPIPE, SIG_IGN);        // OpenSSL writes without MSG_NOSIGNAL
    std::map<int, Listener> listeners; // by descriptor
    std::vector<pollfd> polled;
    const std::array<std::pair<TargetPort, Server>, 5> servers{{{MailPort, serveMail},
                                                                {WebPort, serveWeb},
                                                                {TlsPort, serveTls},
                                                                {EchoPort, serveEcho},
                                                                {UploadPort, serveUpload}}};
    for (const auto &[port, server] : servers) {
        auto fd = listenOn(port);
        if (!fd)
            return 1;
        const int number = fd->get();
        polled.push_back({number, POLLIN, 0});
        listeners.emplace(number, Listener{std::move(*fd), server});
    }
    if (::write(ready.get(), "r", 1) != 1)
        return 1;
    ready.reset();
    while (::poll(polled.data(), polled.size(), -1) >= 0 || errno == EINTR) {
        for (const pollfd &entry : polled) {
            if (entry.revents == 0)
                continue;
            UniqueFd accepted(::accept4(entry.fd, nullptr, nullptr, SOCK_CLOEXEC));
            if (!accepted)
                continue;
            std::thread([client = Connection::adopt(std::move(accepted)), &listener = listeners.at(entry.fd),
                         &identity]() mutable {
                listener.serve(client, Sighting{client.peer(), client.local().address, {}}, identity);
            }).detach();
        }
    }
    return 1;
}

} // namespace

std::string testPattern()
{
    std::string bytes(EchoBytes, '\0');
    std::uint32_t state = 1;
    for (char &byte : bytes) {
        state = state * 1664525U + 1013904223U; // Numerical Recipes' generator; its high byte is good enough here
        byte = static_cast<char>(state >> 24U);
    }
    return bytes;
}

std::string Sighting::toLine() const
{
    return "source=" + source.toString() + " reached=" + reached.toString() + " sni=" + tlsName + "\n";
}

std::optional<Sighting> Sighting::fromLine(std::string_view line)
{
    std::istringstream words{std::string(line)};
    std::string source, reached, sni;
    words >> source >> reached >> sni;
    if (!source.starts_with("source=") || !reached.starts_with("reached=") || !sni.starts_with("sni="))
        return std::nullopt;
    const auto endpoint = Endpoint::parse(source.substr(7));
    const auto address = IpAddress::parse(reached.substr(8));
    if (!endpoint || !address)
        return std::nullopt;
    return Sighting{*endpoint, *address, sni.substr(4)};
}

Result<Child> startTargetServers(const Lab &lab, const Identity &identity)
{
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0)
        return systemError("cannot make a pipe", errno);
    const UniqueFd reader(ends[0]);
    UniqueFd writer(ends[1]);
    auto child = Child::call([&] { return serve(identity, std::move(writer)); }, lab.place(Host::Target, "target.log"));
    writer.reset();
    char byte = 0;
    if (child && ::read(reader.get(), &byte, 1) != 1)
        return Error{ErrorCode::Failed, "the servers of the target could not be started"};
    return child;
}

} // namespace sluice::lab
