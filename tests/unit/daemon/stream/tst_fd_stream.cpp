// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/stream/fd_stream.h"

#include "tests/support/bytes.h"
#include "tests/support/loop_fixture.h"

#include <QTest>

using namespace sluice;
using namespace sluice::stream;
using namespace sluice::test;

namespace {

struct Watcher final : StreamWatcher
{
    void onStreamReady(Stream &) override { ++count; }
    int count = 0;
};

} // namespace

class TestFdStream : public QObject
{
    Q_OBJECT

private slots:
    /// With edge triggering the data and the FIN may make one event: a read that comes back short must not hide the
    /// end.
    void seesTheEndBehindAShortRead()
    {
        LoopFixture fixture;
        auto [ours, theirs] = socketPair();
        QCOMPARE(::send(theirs.get(), "last words", 10, 0), ssize_t(10));
        QCOMPARE(::shutdown(theirs.get(), SHUT_WR), 0);
        const auto stream = *FdStream::create(fixture.loop(), std::move(ours));
        Watcher watcher;
        stream->setWatcher(&watcher);
        QVERIFY(fixture.runUntil([&] { return watcher.count > 0; }));
        std::byte buffer[64];
        QCOMPARE(stream->read(buffer).bytes, std::size_t(10));
        QVERIFY(stream->isReadable());
        QVERIFY(stream->isHungUp());
        QCOMPARE(stream->read(buffer).kind, IoResult::End);
    }

    void knowsThatAShortReadEmptiedTheSocket()
    {
        LoopFixture fixture;
        Connection connection(fixture);
        auto *stream = connection.stream->plainSocket();
        connection.peer->send("data");
        QVERIFY(fixture.runUntil([&] { return stream->isReadable(); }));
        std::byte buffer[64];
        QCOMPARE(stream->read(buffer).bytes, std::size_t(4));
        QVERIFY(!stream->isReadable());
        QCOMPARE(stream->read(buffer).kind, IoResult::WouldBlock);
    }

    void givesUnreadBytesFirstAndHidesItsSocketMeanwhile()
    {
        LoopFixture fixture;
        Connection connection(fixture);
        Stream &stream = *connection.stream;
        connection.peer->send("cd");
        QVERIFY(fixture.runUntil([&] { return stream.plainSocket()->isReadable(); }));
        stream.unread(bytesOf("b"));
        stream.unread(bytesOf("a")); // in front
        stream.unread({});
        QVERIFY(stream.plainSocket() == nullptr);
        std::byte one[1];
        std::string text;
        for (int i = 0; i < 4; ++i) {
            QCOMPARE(stream.read(one).kind, IoResult::Data);
            text += textOf(one);
            QCOMPARE(stream.plainSocket() == nullptr, i == 0);
        }
        QCOMPARE(shown(text), shown("abcd"));
    }

    void tellsWhenWritingIsPossibleAgain()
    {
        LoopFixture fixture;
        auto [ours, theirs] = socketPair();
        const auto stream = *FdStream::create(fixture.loop(), std::move(ours));
        const std::vector<std::byte> block(65536);
        IoResult sent;
        while ((sent = stream->write(block)).kind == IoResult::Data) {
        }
        QCOMPARE(sent.kind, IoResult::WouldBlock);
        QVERIFY(!stream->isWritable());
        Peer peer(fixture.loop(), std::move(theirs)); // reads everything
        QVERIFY(fixture.runUntil([&] { return stream->isWritable(); }));
        QCOMPARE(stream->write(block).kind, IoResult::Data);
    }

    void reportsAPeerThatIsGone()
    {
        LoopFixture fixture;
        Connection connection(fixture);
        connection.peer->close();
        QCOMPARE(connection.stream->write(bytesOf("x")).kind, IoResult::Failed);
        QCOMPARE(connection.stream->error().code, ErrorCode::Unreachable);
        QCOMPARE(connection.stream->error().sysErrno, EPIPE);
    }
};

QTEST_APPLESS_MAIN(TestFdStream)
#include "tst_fd_stream.moc"
