// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/dialer/dialer.h"

#include "daemon/stream/tls_context.h"
#include "tests/support/certificates.h"
#include "tests/support/handshake_outcome.h"
#include "tests/support/loop_fixture.h"

#include <QTest>

using namespace sluice;
using namespace sluice::test;

namespace {

config::LayerConfig layer(const std::string &type)
{
    config::LayerConfig config;
    config.type = type;
    return config;
}

} // namespace

class TestDialer : public QObject
{
    Q_OBJECT

private slots:
    void handsATcpStreamOnAsItIs()
    {
        LoopFixture fixture;
        Connection connection(fixture);
        const auto dialer = *dialer::makeDialer(layer("tcp"), "node.test");
        QVERIFY(dialer->isTransparent());
        const stream::Stream *before = connection.stream.get();
        HandshakeOutcome outcome;
        outcome.start(dialer->dial(std::move(connection.stream)));
        QVERIFY(outcome.isGood());
        QCOMPARE(&outcome.stream(), before);
    }

    void speaksTlsWithTheNodeUnderItsOwnName()
    {
        const TestCertificates files;
        QVERIFY(files.isValid());
        config::TlsConfig serverConfig;
        serverConfig.certFile = files.path("good.pem");
        serverConfig.keyFile = files.path("key.pem");
        const auto server = *stream::TlsServerContext::create(serverConfig);
        config::LayerConfig secure = layer("tls");
        secure.tls.emplace();
        secure.tls->secure = true;
        secure.tls->caFile = files.path("ca.pem");

        for (const auto &[nodeHost, isRight] : {std::pair{"node.test", true}, {"other.test", false}}) {
            LoopFixture fixture;
            const auto dialer = *dialer::makeDialer(secure, nodeHost);
            QVERIFY(!dialer->isTransparent());
            auto [ours, theirs] = socketPair();
            HandshakeOutcome client, accepted;
            client.start(dialer->dial(*stream::FdStream::create(fixture.loop(), std::move(ours))));
            accepted.start(server->accept(*stream::FdStream::create(fixture.loop(), std::move(theirs))));
            QVERIFY(fixture.runUntil([&] { return client.isThere(); }));
            QCOMPARE(client.isGood(), isRight);
            if (!isRight)
                QVERIFY(client.error().message.find("other.test failed: its certificate is for another name") !=
                        std::string::npos);
        }
    }

    void saysWhatItCannotUse()
    {
        const auto unknown = dialer::makeDialer(layer("carrier-pigeon"), "");
        QVERIFY(!unknown);
        QVERIFY(unknown.error().message.find("known are direct, tcp, tls") != std::string::npos);
        config::LayerConfig broken = layer("tls");
        broken.tls.emplace();
        broken.tls->caFile = "/nowhere/ca.pem";
        const auto noFile = dialer::makeDialer(broken, "node.test");
        QVERIFY(!noFile);
        QVERIFY(noFile.error().message.find("dialer tls: cannot use the authorities in /nowhere/ca.pem") !=
                std::string::npos);
    }
};

QTEST_GUILESS_MAIN(TestDialer)
#include "tst_dialer.moc"
