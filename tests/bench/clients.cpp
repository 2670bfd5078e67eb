// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
//
// The client ends. Each prints one line of JSON; those that hold connections do so until the end of standard input.
#include "tests/bench/traffic.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <linux/sockios.h>
#include <string>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <sys/socket.h>

namespace sluice::bench {

namespace {

constexpr std::size_t requestSize = 64;
using Request = std::array<std::byte, requestSize>;

/// An epoll of connections, each with its index.
class Connections
{
public:
    explicit Connections(std::uint32_t events)
        : m_events(events)
        , m_epoll(::epoll_create1(EPOLL_CLOEXEC))
    {
    }
    void add(int fd, std::size_t index)
    {
        epoll_event event{m_events, {.u64 = index}};
        ::epoll_ctl(m_epoll.get(), EPOLL_CTL_ADD, fd, &event);
    }
    void remove(int fd) { ::epoll_ctl(m_epoll.get(), EPOLL_CTL_DEL, fd, nullptr); }
    std::span<const epoll_event> wait(int milliseconds)
    {
        const int count = ::epoll_wait(m_epoll.get(), m_batch.data(), static_cast<int>(m_batch.size()), milliseconds);
        return std::span(m_batch).first(static_cast<std::size_t>(std::max(count, 0)));
    }

private:
    std::uint32_t m_events;
    UniqueFd m_epoll;
    std::array<epoll_event, 256> m_batch;
};

void noConnection()
{
    std::puts(R"({"failed":1,"error":"cannot connect"})");
}

void printBulk(std::uint64_t bytes, double seconds, int failed)
{
    std::printf("{\"bytes\":%llu,\"seconds\":%.4f,\"gbps\":%.4f,\"failed\":%d}\n",
                static_cast<unsigned long long>(bytes), seconds, static_cast<double>(bytes) * 8e-9 / seconds, failed);
}

/// Times of requests, in microseconds.
void printTimes(std::vector<float> &times, double seconds, int failed)
{
    std::sort(times.begin(), times.end());
    const auto percentile = [&times](double part) {
        return times.empty()
                   ? 0.0
                   : static_cast<double>(times[static_cast<std::size_t>(part * static_cast<double>(times.size() - 1))]);
    };
    std::printf("{\"requests\":%zu,\"perSecond\":%.0f,\"p50\":%.1f,\"p99\":%.1f,\"failed\":%d}\n", times.size(),
                static_cast<double>(times.size()) / seconds, percentile(.5), percentile(.99), failed);
}

std::vector<UniqueFd> connectMany(const IpAddress &server, std::uint16_t port, int connections)
{
    std::vector<UniqueFd> made;
    for (int i = 0; i < connections; ++i) {
        made.push_back(connectTo(server, port));
        if (!made.back())
            return {};
    }
    return made;
}

struct Upload
{
    UniqueFd fd;
    std::uint64_t sent = 0;
};

/// Ends the direction; the bytes that the server says it got, or, when it does not say, those the next hop has taken.
std::uint64_t finish(Upload &upload, int &failed)
{
    int unsent = 0;
    ::ioctl(upload.fd.get(), SIOCOUTQ, &unsent);
    ::shutdown(upload.fd.get(), SHUT_WR);
    makeBlocking(upload.fd.get(), 5);
    std::uint64_t received = 0;
    if (receiveAll(upload.fd.get(), std::as_writable_bytes(std::span(&received, 1))))
        return received;
    ++failed;
    return upload.sent - static_cast<std::uint64_t>(unsent);
}

/// Waits for the end of standard input.
void waitForEnd()
{
    std::fflush(stdout);
    while (std::getchar() != EOF) {
    }
}

/// 64 bytes of HTTP for this address: a proxy that sniffs finds the name, and it is where the connection goes anyway.
Request requestFor(const IpAddress &address)
{
    std::string text = "GET / HTTP/1.1\r\nHost: " + address.toString() + "\r\nX: ";
    text.resize(requestSize - 4, '-');
    text += "\r\n\r\n";
    Request request{};
    std::ranges::copy(std::as_bytes(std::span(text)), request.begin());
    return request;
}

/// Connections made, used once and closed, over and over, a fixed number at a time.
class ConnectRun
{
public:
    ConnectRun(const IpAddress &server, int connections)
        : m_slots(static_cast<std::size_t>(connections))
    {
        for (std::uint32_t i = 0; i < addresses; ++i)
            m_targets.push_back(neighbour(server, i));
        for (std::size_t i = 0; i < m_slots.size(); ++i)
            open(i);
    }

    void run(double seconds)
    {
        const double until = secondsNow() + seconds;
        while (secondsNow() < until && m_failed < mostFailures) {
            const auto events = m_connections.wait(200);
            for (const epoll_event &event : events)
                serve(event.data.u64, event.events);
            if (events.empty())
                reopenStuck();
        }
    }

    [[nodiscard]] std::vector<float> &times() { return m_times; }
    [[nodiscard]] int failed() const { return m_failed; }

private:
    static constexpr std::uint32_t addresses = 64; ///< so that ports do not run out
    static constexpr int mostFailures = 20'000;
    struct Slot
    {
        UniqueFd fd;
        std::size_t target = 0;
        double since = 0;
        bool hasAsked = false;
    };

    void open(std::size_t index)
    {
        Slot &slot = m_slots[index];
        slot.target = m_next++ % m_targets.size();
        slot.since = secondsNow();
        slot.hasAsked = false;
        slot.fd = connectTo(m_targets[slot.target], echoPort, SOCK_NONBLOCK);
        if (slot.fd)
            m_connections.add(slot.fd.get(), index);
    }

    void serve(std::size_t index, std::uint32_t events)
    {
        Slot &slot = m_slots[index];
        Request answer;
        if ((events & (EPOLLERR | EPOLLHUP)) != 0) {
            fail(index);
        } else if (!slot.hasAsked) {
            slot.hasAsked = true;
            if (!sendAll(slot.fd.get(), requestFor(m_targets[slot.target])))
                fail(index);
        } else if ((events & EPOLLIN) != 0) {
            if (::recv(slot.fd.get(), answer.data(), answer.size(), 0) != static_cast<ssize_t>(answer.size())) {
                fail(index);
                return;
            }
            m_times.push_back(static_cast<float>((secondsNow() - slot.since) * 1e6));
            open(index);
        }
    }

    void fail(std::size_t index)
    {
        ++m_failed;
        open(index);
    }

    void reopenStuck()
    {
        for (std::size_t i = 0; i < m_slots.size(); ++i) {
            if (secondsNow() - m_slots[i].since > 2)
                fail(i);
        }
    }

    Connections m_connections{EPOLLIN | EPOLLOUT | EPOLLET};
    std::vector<IpAddress> m_targets;
    std::vector<Slot> m_slots;
    std::size_t m_next = 0;
    std::vector<float> m_times;
    int m_failed = 0;
};

} // namespace

int sendBulk(const IpAddress &server, int connections, double seconds)
{
    const UniqueFd source = memoryFile();
    Connections poll(EPOLLOUT);
    std::vector<Upload> uploads;
    for (UniqueFd &fd : connectMany(server, sinkPort, connections)) {
        makeNonBlocking(fd.get());
        poll.add(fd.get(), uploads.size());
        uploads.push_back({std::move(fd)});
    }
    if (uploads.empty()) {
        noConnection();
        return 1;
    }
    const double start = secondsNow();
    while (secondsNow() < start + seconds) {
        for (const epoll_event &event : poll.wait(100)) {
            Upload &upload = uploads[event.data.u64];
            off_t offset = 0;
            const ssize_t count = ::sendfile(upload.fd.get(), source.get(), &offset, sourceSize);
            if (count > 0)
                upload.sent += static_cast<std::uint64_t>(count);
            else if (errno != EAGAIN)
                poll.remove(upload.fd.get());
        }
    }
    const double sent = secondsNow();
    int failed = 0;
    std::uint64_t bytes = 0;
    for (Upload &upload : uploads)
        bytes += finish(upload, failed);
    printBulk(bytes, (failed > 0 ? sent : secondsNow()) - start, failed);
    return 0;
}

int receiveBulk(const IpAddress &server, int connections, double seconds)
{
    const auto downloads = connectMany(server, sourcePort, connections);
    if (downloads.empty()) {
        noConnection();
        return 1;
    }
    Connections poll(EPOLLIN);
    for (std::size_t i = 0; i < downloads.size(); ++i) {
        makeNonBlocking(downloads[i].get());
        poll.add(downloads[i].get(), i);
    }
    const double start = secondsNow();
    std::uint64_t bytes = 0;
    int failed = 0;
    while (secondsNow() < start + seconds) {
        for (const epoll_event &event : poll.wait(100)) {
            const int fd = downloads[event.data.u64].get();
            const ssize_t count = discard(fd);
            if (count > 0) {
                bytes += static_cast<std::uint64_t>(count);
            } else if (count == 0 || errno != EAGAIN) {
                ++failed;
                poll.remove(fd);
            }
        }
    }
    printBulk(bytes, secondsNow() - start, failed);
    return 0;
}

int pingPong(const IpAddress &server, int connections, double seconds)
{
    const auto made = connectMany(server, echoPort, connections);
    if (made.empty()) {
        noConnection();
        return 1;
    }
    const Request request = requestFor(server);
    Connections poll(EPOLLIN);
    std::vector<double> asked(made.size());
    const auto ask = [&](std::size_t i) {
        asked[i] = secondsNow();
        std::ignore = sendAll(made[i].get(), request);
    };
    for (std::size_t i = 0; i < made.size(); ++i) {
        poll.add(made[i].get(), i);
        ask(i);
    }
    const double start = secondsNow();
    std::vector<float> times;
    int failed = 0;
    while (secondsNow() < start + seconds && failed < 5) {
        const auto events = poll.wait(500);
        if (events.empty())
            ++failed;
        for (const epoll_event &event : events) {
            const std::size_t i = event.data.u64;
            Request answer;
            if (!receiveAll(made[i].get(), answer)) {
                ++failed;
                poll.remove(made[i].get());
                continue;
            }
            times.push_back(static_cast<float>((secondsNow() - asked[i]) * 1e6));
            ask(i);
        }
    }
    printTimes(times, secondsNow() - start, failed);
    return 0;
}

int connectAndClose(const IpAddress &server, int connections, double seconds)
{
    const double start = secondsNow();
    ConnectRun run(server, connections);
    run.run(seconds);
    printTimes(run.times(), secondsNow() - start, run.failed());
    return 0;
}

/// Each connection sends a request and gets it back, so that it exists on the far side too.
int holdIdle(const IpAddress &server, int connections)
{
    std::vector<UniqueFd> held;
    int failed = 0;
    for (int i = 0; i < connections && failed < 50; ++i) {
        const IpAddress address = neighbour(server, static_cast<std::uint32_t>(i) % 16);
        UniqueFd fd = connectTo(address, echoPort);
        Request answer;
        if (fd)
            makeBlocking(fd.get(), 3);
        if (fd && sendAll(fd.get(), requestFor(address)) && receiveAll(fd.get(), answer))
            held.push_back(std::move(fd));
        else
            ++failed;
    }
    std::printf("{\"held\":%zu,\"failed\":%d}\n", held.size(), failed);
    waitForEnd();
    return 0;
}

int holdUnread(const IpAddress &server, int connections)
{
    const auto held = connectMany(server, sourcePort, connections);
    std::printf("{\"held\":%zu,\"failed\":%d}\n", held.size(), held.empty() ? connections : 0);
    waitForEnd();
    return 0;
}

} // namespace sluice::bench
