// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/stream/headed_stream.h"

#include "tests/support/bytes.h"
#include "tests/support/loop_fixture.h"

#include <QTest>

using namespace sluice;
using namespace sluice::stream;
using namespace sluice::test;

class TestHeadedStream : public QObject
{
    Q_OBJECT

private slots:
    /// A socket that takes nothing at first, then everything: the head must come whole, once and first.
    void keepsItsHeadWhileTheSocketIsFull_data()
    {
        QTest::addColumn<bool>("isAtOnce");
        QTest::addColumn<bool>("hasData");
        QTest::newRow("at once, data later") << true << true;
        QTest::newRow("at once, then the end") << true << false;
        QTest::newRow("with data") << false << true;
        QTest::newRow("with data, but there comes only the end") << false << false;
    }
    void keepsItsHeadWhileTheSocketIsFull()
    {
        QFETCH(bool, isAtOnce);
        QFETCH(bool, hasData);
        LoopFixture fixture;
        auto [ours, theirs] = socketPair();
        StreamPtr plain = *FdStream::create(fixture.loop(), std::move(ours));
        std::size_t filler = 0;
        const std::vector<std::byte> block(4096);
        for (IoResult sent; (sent = plain->write(block)).kind == IoResult::Data;)
            filler += sent.bytes;

        HeadedStream stream(std::move(plain), bytesOf("head"),
                            isAtOnce ? HeadedStream::When::AtOnce : HeadedStream::When::WithData);
        QVERIFY(stream.plainSocket() == nullptr);
        if (hasData)
            QCOMPARE(stream.write(bytesOf("data")).kind, IoResult::WouldBlock);
        else
            stream.shutdownWrite();
        Peer peer(fixture.loop(), std::move(theirs));
        QVERIFY(fixture.runUntil([&] { return peer.received.size() >= filler; }));
        bool isWritten = !hasData;
        QVERIFY(fixture.runUntil([&] {
            isWritten = isWritten || stream.write(bytesOf("data")).kind == IoResult::Data;
            return isWritten && peer.received.size() >= filler + (hasData ? 8 : 4);
        }));
        QCOMPARE(peer.received.substr(filler), std::string(hasData ? "headdata" : "head"));
        QVERIFY(stream.plainSocket() != nullptr);
        QVERIFY(fixture.runUntil([&] { return peer.sawEnd == !hasData; }));
    }
};

QTEST_APPLESS_MAIN(TestHeadedStream)
#include "tst_headed_stream.moc"
