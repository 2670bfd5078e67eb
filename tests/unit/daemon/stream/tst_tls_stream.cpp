// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/stream/tls_context.h"

#include "tests/support/bytes.h"
#include "tests/support/certificates.h"
#include "tests/support/loop_fixture.h"

#include <QTest>

using namespace sluice;
using namespace sluice::stream;
using namespace sluice::test;
using config::TlsConfig;

namespace {

/// Both ends of one TLS connection on a socket pair.
struct TlsPair
{
    TlsPair(LoopFixture &fixture, const TlsClientContext &client, const TlsServerContext &server)
    {
        auto [left, right] = socketPair();
        start(0, client.handshake(*FdStream::create(fixture.loop(), std::move(left))));
        start(1, server.accept(*FdStream::create(fixture.loop(), std::move(right))));
        isDone = fixture.runUntil([this] { return results[0] && results[1]; });
    }

    void start(std::size_t side, HandshakePtr handshake)
    {
        handshakes[side] = std::move(handshake);
        handshakes[side]->start([this, side](Result<StreamPtr> result) {
            results[side].emplace(std::move(result));
            handshakes[side].reset();
        });
    }
    [[nodiscard]] Stream &client() { return ***results[0]; }
    [[nodiscard]] Stream &server() { return ***results[1]; }
    [[nodiscard]] bool isUp() const { return isDone && results[0]->hasValue() && results[1]->hasValue(); }
    [[nodiscard]] std::string clientError() const
    {
        return results[0] && !*results[0] ? results[0]->error().message : "";
    }
    [[nodiscard]] std::string serverError() const
    {
        return results[1] && !*results[1] ? results[1]->error().message : "";
    }

    HandshakePtr handshakes[2];
    std::optional<Result<StreamPtr>> results[2];
    bool isDone = false;
};

/// Reads what comes, all the time.
struct Collector final : StreamWatcher
{
    explicit Collector(Stream &stream)
    {
        stream.setWatcher(this);
        onStreamReady(stream);
    }
    void onStreamReady(Stream &stream) override
    {
        Drained more = drain(stream);
        bytes += more.bytes;
        last = more.last;
    }
    std::string bytes;
    IoResult::Kind last = IoResult::WouldBlock;
};

/// Writes everything, then finishes, as the pump would.
struct Feeder final : StreamWatcher
{
    Feeder(Stream &stream, std::string_view data)
        : rest(data)
    {
        stream.setWatcher(this);
        onStreamReady(stream);
    }
    void onStreamReady(Stream &stream) override
    {
        while (!rest.empty()) {
            const IoResult sent = stream.write(bytesOf(rest.substr(0, 10'000)));
            if (sent.kind != IoResult::Data)
                return;
            rest.remove_prefix(sent.bytes);
        }
        if (!hasFinished)
            stream.shutdownWrite();
        hasFinished = true;
    }
    std::string_view rest;
    bool hasFinished = false;
};

std::unique_ptr<const TlsClientContext> clientContext(const TlsConfig &config, const std::string &host = "node.test")
{
    auto made = TlsClientContext::create(config, host);
    return made ? *std::move(made) : nullptr;
}

std::unique_ptr<const TlsServerContext> serverContext(const TlsConfig &config)
{
    auto made = TlsServerContext::create(config);
    return made ? *std::move(made) : nullptr;
}

bool mentions(const std::string &text, std::string_view part)
{
    if (text.find(part) != std::string::npos)
        return true;
    qWarning("got: %s", text.c_str());
    return false;
}

} // namespace

class TestTlsStream : public QObject
{
    Q_OBJECT

    TestCertificates m_files;

private slots:
    void initTestCase() { QVERIFY(m_files.isValid()); }

    /// GOST's default: an encrypted tunnel to whoever answers.
    void acceptsAnyCertificateUnlessToldOtherwise()
    {
        LoopFixture fixture;
        const auto client = clientContext({});
        const auto server = serverContext({}); // with a certificate made on the fly
        TlsPair pair(fixture, *client, *server);
        QVERIFY2(pair.isUp(), (pair.clientError() + pair.serverError()).c_str());
        QVERIFY(pair.client().plainSocket() == nullptr);
    }

    void carriesBytesBothWaysAndHalfCloses()
    {
        LoopFixture fixture;
        const auto client = clientContext({});
        const auto server = serverContext({});
        TlsPair pair(fixture, *client, *server);
        QVERIFY(pair.isUp());
        std::string up(3'000'000, '\0');
        for (std::size_t i = 0; i < up.size(); ++i)
            up[i] = static_cast<char>(i * 7 + i / 251);
        {
            Feeder feeder(pair.client(), up);
            Collector collector(pair.server());
            QVERIFY(fixture.runUntil([&] { return collector.last == IoResult::End; }));
            QVERIFY(collector.bytes == up);
        }
        // The other direction goes on after that.
        Feeder feeder(pair.server(), "still here");
        Collector collector(pair.client());
        QVERIFY(fixture.runUntil([&] { return collector.last == IoResult::End; }));
        QCOMPARE(shown(collector.bytes), shown("still here"));
    }

    /// The pump closes both streams after its last write: what was accepted must not be lost in a buffer of ours.
    void losesNothingWhenItIsClosedAfterTheLastWrite()
    {
        LoopFixture fixture;
        const auto client = clientContext({});
        const auto server = serverContext({});
        TlsPair pair(fixture, *client, *server);
        QVERIFY(pair.isUp());
        const std::string data(5'000'000, 'x'); // more than the socket buffers hold
        Feeder feeder(pair.client(), data);
        QVERIFY(!feeder.hasFinished);
        Collector collector(pair.server());
        QVERIFY(fixture.runUntil([&] { return feeder.hasFinished; }));
        pair.results[0].reset(); // closed in the same moment
        QVERIFY(fixture.runUntil([&] { return collector.last == IoResult::End; }));
        QCOMPARE(collector.bytes.size(), data.size());
    }

    void takesAnEndWithoutGoodbyeForAnEnd()
    {
        LoopFixture fixture;
        const auto client = clientContext({});
        const auto server = serverContext({});
        TlsPair pair(fixture, *client, *server);
        QVERIFY(pair.isUp());
        Collector collector(pair.client());
        pair.results[1].reset(); // the socket is closed, no close_notify
        QVERIFY(fixture.runUntil([&] { return collector.last != IoResult::WouldBlock; }));
        QCOMPARE(collector.last, IoResult::End);
    }

    /// A stream that shakes hands on its own when it is first written to, for protocols that change to TLS on the way.
    void shakesHandsByItselfOnTheFirstWrite()
    {
        LoopFixture fixture;
        auto [left, right] = socketPair();
        const auto client = clientContext({});
        const auto server = serverContext({});
        StreamPtr stream = client->wrap(*FdStream::create(fixture.loop(), std::move(left)));
        std::optional<Result<StreamPtr>> accepted;
        HandshakePtr handshake = server->accept(*FdStream::create(fixture.loop(), std::move(right)));
        handshake->start([&](Result<StreamPtr> result) { accepted.emplace(std::move(result)); });
        Feeder feeder(*stream, "first words");
        QVERIFY(fixture.runUntil([&] { return accepted && feeder.hasFinished; }));
        Collector collector(***accepted);
        QVERIFY(fixture.runUntil([&] { return collector.last == IoResult::End; }));
        QCOMPARE(shown(collector.bytes), shown("first words"));
    }

    void verifiesWhatItIsToldTo_data()
    {
        QTest::addColumn<QString>("certificate");
        QTest::addColumn<QString>("host");
        QTest::addColumn<bool>("isSecure");
        QTest::addColumn<bool>("hasAuthority");
        QTest::addColumn<QString>("trouble");
        const QString none;
        QTest::newRow("secure, all right") << "good"
                                           << "node.test" << true << true << none;
        QTest::newRow("secure, address") << "good"
                                         << "192.0.2.1" << true << true << none;
        QTest::newRow("secure, wrong name") << "good"
                                            << "other.test" << true << true << "for another name";
        QTest::newRow("secure, wrong address") << "good"
                                               << "192.0.2.2" << true << true << "for another name";
        QTest::newRow("secure, name only in the subject") << "subject"
                                                          << "node.test" << true << true << "for another name";
        QTest::newRow("secure, expired") << "expired"
                                         << "node.test" << true << true << "has expired";
        QTest::newRow("secure, unknown authority") << "good"
                                                   << "node.test" << true << false << "not trusted here";
        QTest::newRow("secure, self-signed") << "selfsigned"
                                             << "node.test" << true << true << "self-signed";
        QTest::newRow("authority alone checks no name") << "good"
                                                        << "other.test" << false << true << none;
        QTest::newRow("authority alone checks the chain") << "selfsigned"
                                                          << "node.test" << false << true << "self-signed";
        QTest::newRow("authority alone checks the date") << "expired"
                                                         << "node.test" << false << true << "has expired";
        QTest::newRow("nothing asked, nothing checked") << "expired"
                                                        << "other.test" << false << false << none;
    }
    void verifiesWhatItIsToldTo()
    {
        QFETCH(QString, certificate);
        QFETCH(QString, host);
        QFETCH(bool, isSecure);
        QFETCH(bool, hasAuthority);
        QFETCH(QString, trouble);
        LoopFixture fixture;
        TlsConfig mine;
        mine.secure = isSecure;
        mine.caFile = hasAuthority ? m_files.path("ca.pem") : "";
        TlsConfig theirs;
        theirs.certFile = m_files.path(certificate.toStdString() + ".pem");
        theirs.keyFile = m_files.path("key.pem");
        const auto client = clientContext(mine, host.toStdString());
        const auto server = serverContext(theirs);
        QVERIFY(client && server);
        TlsPair pair(fixture, *client, *server);
        if (trouble.isEmpty()) {
            QVERIFY2(pair.isUp(), pair.clientError().c_str());
        } else {
            QVERIFY(mentions(pair.clientError(), trouble.toStdString()));
            QVERIFY(mentions(pair.clientError(), host.toStdString()));
            QCOMPARE(pair.results[0]->error().code, ErrorCode::AuthFailed);
        }
    }

    void agreesOnAVersionOrSaysSo()
    {
        LoopFixture fixture;
        TlsConfig old;
        old.options.maxVersion = "VersionTLS11";
        TlsConfig modern;
        modern.options.minVersion = "VersionTLS13";
        const auto server = serverContext({});
        {
            const auto client = clientContext(old);
            TlsPair pair(fixture, *client, *server);
            QVERIFY(mentions(pair.clientError(), "no protocol version"));
            QVERIFY(mentions(pair.serverError(), "no protocol version"));
        }
        const auto oldServer = serverContext(old);
        {
            const auto client = clientContext(modern);
            TlsPair pair(fixture, *client, *oldServer);
            QVERIFY(mentions(pair.clientError(), "no protocol version"));
        }
        const auto client = clientContext(old); // both asked for it
        TlsPair pair(fixture, *client, *oldServer);
        QVERIFY2(pair.isUp(), pair.clientError().c_str());
    }

    void agreesOnACipherSuiteOrSaysSo()
    {
        LoopFixture fixture;
        TlsConfig mine, theirs;
        mine.options.maxVersion = "VersionTLS12";
        mine.options.cipherSuites = {"TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"};
        const auto client = clientContext(mine);
        {
            theirs.options.cipherSuites = {"TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"};
            const auto server = serverContext(theirs);
            TlsPair pair(fixture, *client, *server);
            QVERIFY(mentions(pair.clientError(), "no cipher suite"));
        }
        const auto server = serverContext({});
        TlsPair pair(fixture, *client, *server);
        QVERIFY2(pair.isUp(), pair.clientError().c_str());
    }

    void showsItsCertificateToAServerThatWantsOne()
    {
        LoopFixture fixture;
        TlsConfig theirs;
        theirs.caFile = m_files.path("ca.pem");
        const auto server = serverContext(theirs);
        TlsConfig mine;
        mine.certFile = m_files.path("good.pem");
        mine.keyFile = m_files.path("key.pem");
        {
            const auto client = clientContext(mine);
            TlsPair pair(fixture, *client, *server);
            QVERIFY2(pair.isUp(), pair.serverError().c_str());
        }
        const auto client = clientContext({});
        TlsPair pair(fixture, *client, *server);
        QVERIFY(mentions(pair.serverError(), "client certificate is required"));
        // In TLS 1.3 the client is done before it is refused.
        Collector collector(pair.client());
        QVERIFY(fixture.runUntil([&] { return collector.last != IoResult::WouldBlock; }));
        QCOMPARE(collector.last, IoResult::Failed);
        QVERIFY(mentions(pair.client().error().message, "client certificate is required"));
    }

    void recognisesAPeerThatDoesNotSpeakTls()
    {
        LoopFixture fixture;
        Connection connection(fixture);
        const auto client = clientContext({});
        HandshakePtr handshake = client->handshake(std::move(connection.stream));
        std::optional<Result<StreamPtr>> result;
        handshake->start([&](Result<StreamPtr> ended) { result.emplace(std::move(ended)); });
        connection.peer->send("HTTP/1.1 400 Bad Request\r\n\r\n");
        QVERIFY(fixture.runUntil([&] { return result.has_value(); }));
        QVERIFY(mentions(result->error().message, "node.test failed: it does not speak TLS"));
    }

    void reportsAPeerThatHangsUp()
    {
        LoopFixture fixture;
        Connection connection(fixture);
        const auto client = clientContext({});
        HandshakePtr handshake = client->handshake(std::move(connection.stream));
        std::optional<Result<StreamPtr>> result;
        handshake->start([&](Result<StreamPtr> ended) { result.emplace(std::move(ended)); });
        connection.peer->finish();
        QVERIFY(fixture.runUntil([&] { return result.has_value(); }));
        QCOMPARE(result->error().code, ErrorCode::Unreachable);
        QVERIFY(mentions(result->error().message, "closed the connection during the TLS handshake"));
    }

    void sendsTheServerNameUnlessItIsAnAddress()
    {
        for (const auto &[host, isSent] :
             {std::pair{"node.test", true}, {"192.0.2.1", false}, {"2001:db8::1", false}}) {
            LoopFixture fixture;
            Connection connection(fixture);
            const auto client = clientContext({}, host);
            HandshakePtr handshake = client->handshake(std::move(connection.stream));
            handshake->start([](Result<StreamPtr>) {});
            QVERIFY(fixture.runUntil([&] { return connection.peer->received.size() > 100; }));
            QCOMPARE(connection.peer->received.find(host) != std::string::npos, isSent);
        }
    }

    void saysWhichSettingIsWrong()
    {
        const auto trouble = [](auto change) {
            TlsConfig config;
            change(config);
            auto made = TlsClientContext::create(config, "");
            return made ? std::string() : made.error().message;
        };
        QVERIFY(mentions(trouble([](TlsConfig &c) { c.caFile = "/nowhere/ca.pem"; }),
                         "/nowhere/ca.pem: No such file or directory"));
        QVERIFY(mentions(trouble([](TlsConfig &c) { c.certFile = "/nowhere/cert.pem"; }),
                         "/nowhere/cert.pem: No such file or directory"));
        QVERIFY(mentions(trouble([this](TlsConfig &c) {
                             c.certFile = m_files.path("good.pem");
                             c.keyFile = m_files.path("otherkey.pem");
                         }),
                         "key values mismatch"));
        QVERIFY(mentions(trouble([](TlsConfig &c) { c.options.minVersion = "1.2"; }), "'1.2' is no TLS version"));
        QVERIFY(
            mentions(trouble([](TlsConfig &c) { c.options.cipherSuites = {"TLS_X"}; }), "'TLS_X' is no cipher suite"));
        QVERIFY(mentions(trouble([](TlsConfig &c) { c.secure = true; }), "needs tls.serverName"));
    }
};

QTEST_GUILESS_MAIN(TestTlsStream)
#include "tst_tls_stream.moc"
