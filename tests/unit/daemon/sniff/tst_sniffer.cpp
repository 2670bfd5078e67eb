// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/sniff/sniffer.h"
#include "tests/unit/daemon/sniff/client_hello.h"

#include <QTest>

#include <random>

using namespace sluice;
using namespace sluice::sniff;
using namespace sluice::test;

namespace {

SniffResult sniffText(std::string_view text)
{
    return sniff::sniff(bytesOf(text));
}

bool isSafe(const std::string &host)
{
    return host.size() <= 253 && std::all_of(host.begin(), host.end(), [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
           });
}

} // namespace

class TestSniffer : public QObject
{
    Q_OBJECT

private slots:
    void namesProtocolThatItDoesNotRead();
    void excludesEveryFirstByteThatStartsNothing();
    void survivesRandomPrefixes();
    void survivesFlippedBytes_data();
    void survivesFlippedBytes();
};

void TestSniffer::namesProtocolThatItDoesNotRead()
{
    const SniffResult ssh = sniffText("SSH-2.0-x\r\n");
    QCOMPARE(ssh.verdict, Verdict::NotMine);
    QCOMPARE(ssh.protocol, Protocol::Ssh);
    QCOMPARE(sniffText("\x80").protocol, Protocol::Unknown);
}

void TestSniffer::excludesEveryFirstByteThatStartsNothing()
{
    const std::string_view starts = "!#$%&'*+-.^_`|~\r\n\x16"; // beside letters and digits
    for (int value = 0; value < 256; ++value) {
        const char byte = static_cast<char>(value);
        const bool isAlphanumeric =
            (value >= '0' && value <= '9') || (value >= 'a' && value <= 'z') || (value >= 'A' && value <= 'Z');
        const bool mayStart = isAlphanumeric || starts.find(byte) != std::string_view::npos;
        QCOMPARE(sniffText({&byte, 1}).verdict, mayStart ? Verdict::NeedMore : Verdict::NotMine);
    }
}

void TestSniffer::survivesRandomPrefixes()
{
    std::mt19937 random(1); // NOLINT: the same bytes in every run
    const std::string_view starts[] = {"", "\x16\x03\x01", "GET / HTTP/1.1\r\nHost:", "PRI * ", "\x16"};
    for (int round = 0; round < 100'000; ++round) {
        std::string bytes(starts[random() % std::size(starts)]);
        for (std::size_t left = random() % 64; left > 0; --left)
            bytes += static_cast<char>(random());
        const SniffResult result = sniffText(bytes);
        QVERIFY(isSafe(result.host));
        QVERIFY(result.verdict == Verdict::Found || result.host.empty());
        QVERIFY(!(result.literal && !result.host.empty()));
    }
}

void TestSniffer::survivesFlippedBytes_data()
{
    QTest::addColumn<QByteArray>("bytes");
    QTest::newRow("TLS") << QByteArray::fromStdString(
        record(clientHello(serverName("a.test") + extension(16, vec(vec("h2", 1), 2)))));
    QTest::newRow("TLS records") << QByteArray::fromStdString(records(clientHello(serverName("a.test")), 9));
    QTest::newRow("HTTP") << QByteArray("GET http://a.test/ HTTP/1.1\r\nA: b\r\nHost: a.test:80\r\n\r\n");
}

void TestSniffer::survivesFlippedBytes()
{
    QFETCH(QByteArray, bytes);
    std::string text = bytes.toStdString();
    for (std::size_t at = 0; at < text.size(); ++at) {
        const char original = text[at];
        for (int value = 0; value < 256; ++value) {
            text[at] = static_cast<char>(value);
            const SniffResult result = sniffText(text);
            QVERIFY(isSafe(result.host));
            QVERIFY(result.verdict == Verdict::Found || result.host.empty());
        }
        text[at] = original;
    }
}

QTEST_APPLESS_MAIN(TestSniffer)
#include "tst_sniffer.moc"
