// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/dns/resolver.h"

#include "daemon/dns/dns_message.h"
#include "daemon/dns/resolv_conf.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <fstream>
#include <random>
#include <sstream>
#include <sys/socket.h>

namespace sluice::dns {

using net::TimePoint;
using namespace std::chrono_literals;

namespace {

/// After one family has answered, how long the other may still take.
constexpr auto otherFamilyGrace = 100ms;

/// Over TCP: two answers of the greatest length, each behind its two bytes of length.
constexpr std::size_t maxReceived = 2 * (2 + 65535);

std::string readFile(const char *path)
{
    std::ifstream file(path);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

/// /etc/resolv.conf and /etc/hosts, read again when older than a few seconds. Thread: io (one per thread).
struct SystemFiles
{
    ResolvConf resolvConf;
    std::optional<policy::Hosts> hosts;
    TimePoint readAt{};

    static const SystemFiles &current(TimePoint now)
    {
        thread_local SystemFiles files;
        if (files.readAt == TimePoint{} || now - files.readAt > 5s) {
            files.resolvConf = parseResolvConf(readFile("/etc/resolv.conf"));
            files.hosts.emplace(parseEtcHosts(readFile("/etc/hosts")));
            files.readAt = now;
        }
        return files;
    }
};

std::vector<Nameserver> systemNameservers(const SystemFiles &files)
{
    std::vector<Nameserver> servers;
    for (int attempt = 0; attempt < files.resolvConf.attempts; ++attempt) {
        for (const Endpoint &address : files.resolvConf.nameservers)
            servers.push_back({address, Transport::Udp, Preference::Ipv4First, files.resolvConf.timeout});
    }
    return servers;
}

bool wants(Preference preference, Family family)
{
    return family == Family::IPv4 ? preference != Preference::Ipv6Only : preference != Preference::Ipv4Only;
}

std::string_view textOf(ResponseCode code)
{
    switch (code) {
    case ResponseCode::NoError: return "the name has no address";
    case ResponseCode::FormatError: return "it does not understand the question";
    case ResponseCode::ServerFailure: return "it failed";
    case ResponseCode::NoSuchName: return "there is no such name";
    case ResponseCode::Refused: return "it refuses to answer";
    }
    return "an unknown failure";
}

std::uint16_t randomId()
{
    thread_local std::random_device device;
    return static_cast<std::uint16_t>(device());
}

} // namespace

/// An answer that is known already.
class KnownLookup final : public Lookup
{
public:
    explicit KnownLookup(Result<std::vector<IpAddress>> answer) : m_answer(std::move(answer)) {}
    void start(Done done) override { done(std::move(m_answer)); }

private:
    Result<std::vector<IpAddress>> m_answer;
};

/// Asks the nameservers one after the other, each for both families at once.
class NetworkLookup final : public Lookup, private net::FdHandler, private net::TimerHandler
{
public:
    NetworkLookup(Resolver &resolver, std::string name, std::string cacheKey, std::vector<Nameserver> servers,
                  net::SocketOptions socket)
        : m_resolver(resolver), m_name(std::move(name)), m_cacheKey(std::move(cacheKey)), m_servers(std::move(servers)),
          m_socketOptions(std::move(socket)), m_timer(resolver.m_loop, *this)
    {}
    ~NetworkLookup() override { closeSocket(); }

    void start(Done done) override
    {
        m_done = std::move(done);
        askNext();
    }

private:
    /// The question for one family, and what came of it.
    struct Question
    {
        Query query;
        bool isOpen = false;
        std::vector<IpAddress> addresses;
    };

    [[nodiscard]] const Nameserver &server() const { return m_servers[m_next - 1]; }
    void askNext();
    bool ask(Transport transport);
    bool sendQuestions();
    void onEvents(std::uint32_t events) override;
    void onTimer(net::Timer &timer) override;
    /// These return false when the lookup has ended or gone on to the next server.
    void readDatagrams();
    void readStream();
    void hear(std::span<const std::byte> message);
    void checkComplete();
    void finish();
    void closeSocket();

    Resolver &m_resolver;
    std::string m_name, m_cacheKey;
    std::vector<Nameserver> m_servers;
    std::size_t m_next = 0;
    net::SocketOptions m_socketOptions;
    net::Timer m_timer;
    Done m_done;
    UniqueFd m_fd;
    Transport m_transport = Transport::Udp;
    bool m_isSent = false;
    bool m_wantsTcp = false; ///< an answer was truncated
    std::vector<std::byte> m_received; ///< over TCP: a length-prefixed stream
    std::array<Question, 2> m_questions{{{{0, {}, RecordType::A, {}}, false, {}}, {{0, {}, RecordType::Aaaa, {}}, false, {}}}};
    std::chrono::seconds m_ttl = Resolver::maxTtl;
    Error m_error{ErrorCode::NotFound, "no nameserver is configured", 0};
};

void NetworkLookup::askNext()
{
    while (m_next < m_servers.size()) {
        ++m_next;
        for (Question &question : m_questions) {
            question.isOpen = wants(server().preference, question.query.type == RecordType::A ? Family::IPv4 : Family::IPv6);
            question.addresses.clear();
        }
        if (ask(server().transport))
            return;
    }
    closeSocket();
    m_timer.disarm();
    const Done done = std::move(m_done);
    done(m_error.in("cannot resolve '" + m_name + "'"));
}

bool NetworkLookup::ask(Transport transport)
{
    closeSocket();
    m_transport = transport;
    m_isSent = false;
    m_wantsTcp = false;
    m_received.clear();
    auto fd = transport == Transport::Udp ? net::connectUdp(server().address, m_socketOptions)
                                          : net::connectTcp(server().address, m_socketOptions);
    if (!fd) {
        m_error = fd.error();
        return false;
    }
    m_fd = std::move(*fd);
    if (auto watched = m_resolver.m_loop.watch(m_fd.get(), *this); !watched) {
        m_error = watched.error();
        return false;
    }
    m_timer.armIn(server().timeout);
    return true; // the first writability sends
}

bool NetworkLookup::sendQuestions()
{
    std::vector<std::byte> stream;
    for (Question &question : m_questions) {
        if (!question.isOpen)
            continue;
        question.query.id = randomId();
        question.query.name = m_name;
        const auto message = encodeQuery(question.query);
        if (!message) {
            m_error = {ErrorCode::InvalidArgument, "it is no name that DNS can ask for", 0};
            return false;
        }
        if (m_transport == Transport::Udp) {
            if (::send(m_fd.get(), message->data(), message->size(), MSG_NOSIGNAL) < 0) {
                m_error = systemError("nameserver " + server().address.toString(), errno);
                return false;
            }
        } else {
            stream.push_back(static_cast<std::byte>(message->size() >> 8));
            stream.push_back(static_cast<std::byte>(message->size() & 0xff));
            stream.insert(stream.end(), message->begin(), message->end());
        }
    }
    // Two short questions fit any fresh socket's buffer in one send.
    if (!stream.empty() && ::send(m_fd.get(), stream.data(), stream.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(stream.size())) {
        m_error = systemError("nameserver " + server().address.toString(), errno);
        return false;
    }
    m_isSent = true;
    return true;
}

void NetworkLookup::onEvents(std::uint32_t events)
{
    if (!m_isSent && (events & EPOLLOUT) != 0 && !sendQuestions()) {
        askNext();
        return;
    }
    if ((events & (EPOLLIN | EPOLLERR | EPOLLHUP | EPOLLRDHUP)) == 0)
        return;
    if (m_transport == Transport::Udp)
        readDatagrams();
    else
        readStream();
}

void NetworkLookup::readDatagrams()
{
    std::array<std::byte, 4096> buffer;
    for (;;) {
        const ssize_t count = ::recv(m_fd.get(), buffer.data(), buffer.size(), 0);
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0 && errno == EAGAIN)
            break;
        if (count < 0) { // port unreachable: nobody answers there
            m_error = systemError("nameserver " + server().address.toString(), errno);
            askNext();
            return;
        }
        hear(std::span(buffer).first(static_cast<std::size_t>(count)));
    }
    checkComplete();
}

void NetworkLookup::readStream()
{
    std::array<std::byte, 4096> buffer;
    for (;;) {
        const ssize_t count = ::recv(m_fd.get(), buffer.data(), buffer.size(), 0);
        if (count > 0) {
            m_received.insert(m_received.end(), buffer.begin(), buffer.begin() + count);
            if (m_received.size() <= maxReceived)
                continue;
            m_error = {ErrorCode::ProtocolError, "nameserver " + server().address.toString() + " sends more than two answers", 0};
            askNext();
            return;
        }
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0 && errno == EAGAIN)
            break;
        m_error = count == 0 ? Error{ErrorCode::Unreachable, "nameserver " + server().address.toString() + " closed the connection", 0}
                             : systemError("nameserver " + server().address.toString(), errno);
        askNext();
        return;
    }
    while (m_received.size() >= 2) {
        const std::size_t length = std::to_integer<std::size_t>(m_received[0]) << 8 | std::to_integer<std::size_t>(m_received[1]);
        if (m_received.size() < 2 + length)
            break;
        hear(std::span(m_received).subspan(2, length));
        m_received.erase(m_received.begin(), m_received.begin() + static_cast<std::ptrdiff_t>(2 + length));
    }
    checkComplete();
}

void NetworkLookup::hear(std::span<const std::byte> message)
{
    for (Question &question : m_questions) {
        if (!question.isOpen || !m_isSent)
            continue;
        const auto answer = decodeResponse(message, question.query);
        if (!answer) // not an answer to this question
            continue;
        if (answer->isTruncated && m_transport == Transport::Udp) {
            m_wantsTcp = true;
            return;
        }
        question.isOpen = false;
        question.addresses = answer->addresses;
        if (!answer->addresses.empty())
            m_ttl = std::min(m_ttl, answer->ttl);
        else
            m_error = {ErrorCode::NotFound, "nameserver " + server().address.toString() + " says: " + std::string(textOf(answer->code)), 0};
        return;
    }
}

void NetworkLookup::checkComplete()
{
    if (m_wantsTcp) {
        if (!ask(Transport::Tcp))
            askNext();
        return;
    }
    const bool isAnyOpen = m_questions[0].isOpen || m_questions[1].isOpen;
    const bool hasAny = !m_questions[0].addresses.empty() || !m_questions[1].addresses.empty();
    if (!isAnyOpen) {
        if (hasAny)
            finish();
        else
            askNext(); // a different nameserver may know more
    } else if (hasAny) {
        m_timer.armIn(std::min<net::Clock::duration>(otherFamilyGrace, server().timeout));
    }
}

void NetworkLookup::onTimer(net::Timer &)
{
    if (!m_questions[0].addresses.empty() || !m_questions[1].addresses.empty()) {
        finish();
        return;
    }
    m_error = {ErrorCode::Timeout, "nameserver " + server().address.toString() + " did not answer", 0};
    askNext();
}

void NetworkLookup::finish()
{
    closeSocket();
    m_timer.disarm();
    std::vector<IpAddress> found = std::move(m_questions[0].addresses);
    std::vector<IpAddress> other = std::move(m_questions[1].addresses);
    if (server().preference == Preference::Ipv6First)
        found.swap(other);
    found.insert(found.end(), other.begin(), other.end());
    m_resolver.remember(m_cacheKey, found, m_ttl);
    const Done done = std::move(m_done);
    done(std::move(found));
}

void NetworkLookup::closeSocket()
{
    if (m_fd)
        m_resolver.m_loop.forget(m_fd.get(), *this);
    m_fd.reset();
}

std::unique_ptr<Lookup> Resolver::lookUp(const std::string &name, ResolverSettingsPtr settings, const net::SocketOptions &socket)
{
    std::string key;
    if (settings != nullptr) { // by its servers, for a reload may give a name new ones
        for (const Nameserver &server : settings->nameservers)
            key += server.address.toString() + static_cast<char>('0' + static_cast<int>(server.preference)) + ' ';
    }
    key += '\0' + name;
    if (const auto cached = m_cache.find(key); cached != m_cache.end()) {
        if (m_loop.now() < cached->second.goodUntil)
            return std::make_unique<KnownLookup>(cached->second.addresses);
        m_cache.erase(cached);
    }
    if (settings != nullptr && !settings->nameservers.empty())
        return std::make_unique<NetworkLookup>(*this, name, key, settings->nameservers, socket);
    const SystemFiles &files = SystemFiles::current(m_loop.now());
    if (const auto known = files.hosts->lookup(name); !known.empty())
        return std::make_unique<KnownLookup>(std::vector<IpAddress>(known.begin(), known.end()));
    return std::make_unique<NetworkLookup>(*this, name, key, systemNameservers(files), socket);
}

void Resolver::remember(const std::string &key, std::vector<IpAddress> addresses, std::chrono::seconds ttl)
{
    if (m_cache.size() >= maxCached)
        m_cache.erase(m_cache.begin()); // any: it is asked again when it is wanted
    m_cache[key] = {std::move(addresses), m_loop.now() + std::clamp(ttl, 1s, maxTtl)};
}

} // namespace sluice::dns
