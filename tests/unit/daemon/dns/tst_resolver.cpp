// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/dns/resolver.h"
#include "daemon/net/original_destination.h"
#include "tests/support/loop_fixture.h"

#include <QTest>
#include <map>
#include <optional>

using namespace sluice;
using namespace std::chrono_literals;

namespace {

/// A nameserver on loopback, over UDP and TCP on one port. It answers what it is told to.
class Nameserver final : private net::FdHandler
{
public:
    explicit Nameserver(net::EventLoop &loop) : m_loop(loop)
    {
        m_udp = UniqueFd(::socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
        m_tcp = UniqueFd(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
        sockaddr_storage at;
        socklen_t length = Endpoint{IpAddress::loopback(Family::IPv4), 0}.toSockaddr(at);
        if (::bind(m_udp.get(), reinterpret_cast<sockaddr *>(&at), length) != 0)
            std::abort();
        address = *net::localEndpoint(m_udp.get());
        length = address.toSockaddr(at);
        if (::bind(m_tcp.get(), reinterpret_cast<sockaddr *>(&at), length) != 0 || ::listen(m_tcp.get(), 8) != 0
            || !m_loop.watch(m_udp.get(), *this, EPOLLIN))
            std::abort();
        m_tcpAcceptor.owner = this;
        if (!m_loop.watch(m_tcp.get(), m_tcpAcceptor, EPOLLIN))
            std::abort();
    }
    ~Nameserver()
    {
        m_loop.forget(m_udp.get(), *this);
        m_loop.forget(m_tcp.get(), m_tcpAcceptor);
    }

    Endpoint address;
    std::map<std::uint16_t, std::vector<std::string>> records; ///< by type
    bool isSilent = false;
    bool truncates = false; ///< over UDP
    bool floods = false;    ///< over TCP: sends an endless answer
    bool forgesFirst = false; ///< sends an answer with a wrong id before the right one
    std::uint8_t code = 0;
    int udpQuestions = 0, tcpQuestions = 0;

private:
    struct Acceptor final : net::FdHandler
    {
        Nameserver *owner = nullptr;
        void onEvents(std::uint32_t) override { owner->serveTcp(); }
    };

    void onEvents(std::uint32_t) override
    {
        char question[1500];
        sockaddr_storage from;
        socklen_t length = sizeof from;
        for (ssize_t count; (count = ::recvfrom(m_udp.get(), question, sizeof question, 0, reinterpret_cast<sockaddr *>(&from), &length)) > 0;) {
            ++udpQuestions;
            if (isSilent)
                continue;
            const std::string answer = answerTo({question, static_cast<std::size_t>(count)}, truncates);
            if (forgesFirst) {
                std::string forged = answer;
                forged[0] = static_cast<char>(forged[0] ^ 1);
                forged[forged.size() - 1] = static_cast<char>(forged[forged.size() - 1] ^ 1);
                ::sendto(m_udp.get(), forged.data(), forged.size(), 0, reinterpret_cast<sockaddr *>(&from), length);
            }
            ::sendto(m_udp.get(), answer.data(), answer.size(), 0, reinterpret_cast<sockaddr *>(&from), length);
        }
    }

    void serveTcp()
    {
        UniqueFd fd(::accept4(m_tcp.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
        if (!fd)
            return;
        m_connections.push_back(std::make_unique<test::Peer>(m_loop, std::move(fd)));
        m_connections.back()->onReceived = [this](test::Peer &peer) {
            if (floods) {
                peer.send(std::string(1024 * 1024, '\xff'));
                return;
            }
            while (peer.received.size() >= 2) {
                const std::size_t length = (static_cast<unsigned char>(peer.received[0]) << 8) | static_cast<unsigned char>(peer.received[1]);
                if (peer.received.size() < 2 + length)
                    return;
                ++tcpQuestions;
                const std::string answer = answerTo(peer.received.substr(2, length), false);
                peer.received.erase(0, 2 + length);
                peer.send(std::string{static_cast<char>(answer.size() >> 8), static_cast<char>(answer.size() & 255)} + answer);
            }
        };
    }

    /// RFC 1035 4.1: the question again, and our records with a pointer to its name.
    std::string answerTo(std::string question, bool isTruncated)
    {
        std::size_t end = 12;
        while (question[end] != 0)
            end += 1 + static_cast<unsigned char>(question[end]);
        const auto type = static_cast<std::uint16_t>(question[end + 2]); // below 256 here
        std::string answer = question.substr(0, end + 5);
        const auto &found = records[type];
        answer[2] = static_cast<char>(0x81 | (isTruncated ? 2 : 0));
        answer[3] = static_cast<char>(0x80 | code);
        answer[6] = 0;
        answer[7] = isTruncated ? 0 : static_cast<char>(found.size());
        answer[10] = answer[11] = 0;
        for (const std::string &text : found) {
            if (isTruncated)
                break;
            const IpAddress record = *IpAddress::parse(text);
            const std::size_t size = record.isIpv4() ? 4 : 16;
            answer += std::string("\xc0\x0c\x00", 3) + static_cast<char>(type) + std::string("\x00\x01\x00\x00\x00\x3c\x00", 7)
                      + static_cast<char>(size) + std::string(reinterpret_cast<const char *>(record.bytes().data()), size);
        }
        return answer;
    }

    net::EventLoop &m_loop;
    UniqueFd m_udp, m_tcp;
    Acceptor m_tcpAcceptor;
    std::vector<std::unique_ptr<test::Peer>> m_connections;
};

} // namespace

class TestResolver : public QObject
{
    Q_OBJECT

private:
    using Answer = Result<std::vector<IpAddress>>;

    Answer resolve(const std::string &name, std::vector<dns::Nameserver> servers)
    {
        auto settings = std::make_shared<dns::ResolverSettings>(dns::ResolverSettings{"test", std::move(servers)});
        std::optional<Answer> answer;
        const auto lookup = m_resolver->lookUp(name, settings, {});
        lookup->start([&answer](Answer found) { answer = std::move(found); });
        if (!m_fixture->runUntil([&] { return answer.has_value(); }))
            return Error{ErrorCode::Timeout, "the lookup never ended", 0};
        return *answer;
    }

    static dns::Nameserver at(const Nameserver &server)
    {
        return {server.address, dns::Transport::Udp, dns::Preference::Ipv4First, 300ms};
    }

    static std::string textOf(const Answer &answer)
    {
        if (!answer)
            return "error: " + answer.error().message;
        std::string text;
        for (const IpAddress &address : *answer)
            text += (text.empty() ? "" : " ") + address.toString();
        return text;
    }

    std::unique_ptr<test::LoopFixture> m_fixture;
    std::unique_ptr<Nameserver> m_server;
    std::unique_ptr<dns::Resolver> m_resolver;

private slots:
    void init()
    {
        m_fixture = std::make_unique<test::LoopFixture>();
        m_server = std::make_unique<Nameserver>(m_fixture->loop());
        m_resolver = std::make_unique<dns::Resolver>(m_fixture->loop());
        m_server->records[1] = {"192.0.2.1", "192.0.2.2"};
        m_server->records[28] = {"2001:db8::1"};
    }

    void cleanup()
    {
        m_resolver.reset();
        m_server.reset();
        m_fixture.reset();
    }

    void findsBothFamiliesInTheWantedOrder()
    {
        dns::Nameserver server = at(*m_server);
        QCOMPARE(textOf(resolve("a.test", {server})), std::string("192.0.2.1 192.0.2.2 2001:db8::1"));
        server.preference = dns::Preference::Ipv6First;
        QCOMPARE(textOf(resolve("b.test", {server})), std::string("2001:db8::1 192.0.2.1 192.0.2.2"));
        server.preference = dns::Preference::Ipv6Only;
        QCOMPARE(textOf(resolve("c.test", {server})), std::string("2001:db8::1"));
    }

    void remembersAnswers()
    {
        QVERIFY(resolve("a.test", {at(*m_server)}).hasValue());
        const int asked = m_server->udpQuestions;
        QVERIFY(resolve("a.test", {at(*m_server)}).hasValue());
        QCOMPARE(m_server->udpQuestions, asked);
    }

    void asksAgainOverTcpWhenTruncated()
    {
        m_server->truncates = true;
        QCOMPARE(textOf(resolve("a.test", {at(*m_server)})), std::string("192.0.2.1 192.0.2.2 2001:db8::1"));
        QCOMPARE(m_server->tcpQuestions, 2);
    }

    void asksTheNextServerWhenOneIsSilent()
    {
        Nameserver silent(m_fixture->loop());
        silent.isSilent = true;
        QCOMPARE(textOf(resolve("a.test", {at(silent), at(*m_server)})), std::string("192.0.2.1 192.0.2.2 2001:db8::1"));
        QVERIFY(silent.udpQuestions > 0);
    }

    void asksTheNextServerWhenNobodyListens()
    {
        Endpoint nobody;
        {
            const Nameserver closed(m_fixture->loop());
            nobody = closed.address;
        }
        dns::Nameserver server = at(*m_server);
        server.address = nobody;
        QCOMPARE(textOf(resolve("a.test", {server, at(*m_server)})), std::string("192.0.2.1 192.0.2.2 2001:db8::1"));
    }

    void ignoresAnswersToOtherQuestions()
    {
        m_server->forgesFirst = true;
        QCOMPARE(textOf(resolve("a.test", {at(*m_server)})), std::string("192.0.2.1 192.0.2.2 2001:db8::1"));
    }

    void saysWhatTheServerSaid()
    {
        m_server->records.clear();
        m_server->code = 3;
        const Answer answer = resolve("a.test", {at(*m_server)});
        QVERIFY(!answer);
        QCOMPARE(answer.error().message, "cannot resolve 'a.test': nameserver " + m_server->address.toString() + " says: there is no such name");
    }

    void givesUpWhenAllAreSilent()
    {
        m_server->isSilent = true;
        const Answer answer = resolve("a.test", {at(*m_server)});
        QVERIFY(!answer);
        QCOMPARE(answer.error().code, ErrorCode::Timeout);
    }

    void refusesWhatIsNoName()
    {
        QVERIFY(!resolve("a..test", {at(*m_server)}));
        QVERIFY(!resolve(std::string(300, 'a'), {at(*m_server)}));
    }

    void leavesAServerThatFloodsOverTcp()
    {
        m_server->floods = true;
        dns::Nameserver server = at(*m_server);
        server.transport = dns::Transport::Tcp;
        server.timeout = 10s;
        const Answer answer = resolve("a.test", {server});
        QVERIFY(!answer);
        QCOMPARE(answer.error().code, ErrorCode::ProtocolError);
    }

    void canBeCancelled()
    {
        auto settings = std::make_shared<dns::ResolverSettings>(dns::ResolverSettings{"test", {at(*m_server)}});
        bool wasCalled = false;
        auto lookup = m_resolver->lookUp("a.test", settings, {});
        lookup->start([&wasCalled](Answer) { wasCalled = true; });
        lookup.reset();
        m_fixture->settle();
        QVERIFY(!wasCalled);
    }

    void knowsTheSystemsHostsFile()
    {
        std::optional<Answer> answer;
        const auto lookup = m_resolver->lookUp("localhost", nullptr, {});
        lookup->start([&answer](Answer found) { answer = std::move(found); });
        QVERIFY(m_fixture->runUntil([&] { return answer.has_value(); }));
        QVERIFY2(answer->hasValue() && answer->value().front().isLoopback(), textOf(*answer).c_str());
    }
};

QTEST_GUILESS_MAIN(TestResolver)
#include "tst_resolver.moc"
