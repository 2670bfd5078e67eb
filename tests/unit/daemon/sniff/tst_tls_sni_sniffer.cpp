// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/sniff/tls_sni_sniffer.h"
#include "tests/unit/daemon/sniff/client_hello.h"

#include <QFile>
#include <QTest>

using namespace sluice;
using namespace sluice::sniff;
using namespace sluice::test;

namespace {

SniffResult sniffText(std::string_view text)
{
    return sniff::sniff(bytesOf(text));
}

} // namespace

class TestTlsSniSniffer : public QObject
{
    Q_OBJECT

private slots:
    void findsNameInRealHellos_data();
    void findsNameInRealHellos();
    void waitsAtEveryPositionOfSegments();
    void findsNameInRecordsOfEverySize();
    void waitsAtEveryPositionOfRecords();
    void judgesHello_data();
    void judgesHello();
    void takesRecordOfMaximumSize();
    void refusesRecordAboveMaximumSize();
    void takesHelloAcrossTwoRecordsAboveRecordSize();
    void refusesHugeHelloAtItsHeader();
    void stopsAtTheByteLimit();
    void keepsNameOfManyExtensions();
};

void TestTlsSniSniffer::findsNameInRealHellos_data()
{
    QTest::addColumn<QByteArray>("file");
    QTest::addColumn<QByteArray>("host");
    QTest::addColumn<bool>("hasEch");
    QTest::addColumn<int>("alpnCount");
    const auto row = [](const char *name, const QByteArray &file, const QByteArray &host, bool hasEch, int alpnCount) {
        QTest::newRow(name) << file << host << hasEch << alpnCount;
    };
    row("OpenSSL, TLS 1.3", "openssl_3_0_tls13", "openssl.example.org", false, 2);
    row("OpenSSL, TLS 1.2", "openssl_3_0_tls12", "old.example.org", false, 0);
    row("OpenSSL without a name", "openssl_3_0_without_name", "", false, 0);
    row("curl", "curl_openssl", "curl.example.org", false, 2);
    row("Go, post-quantum", "go_1_26_post_quantum", "go.example.org", false, 2);
    row("Go, encrypted hello shows the outer name", "go_1_26_encrypted_hello", "public.example.org", true, 0);
}

void TestTlsSniSniffer::findsNameInRealHellos()
{
    QFETCH(QByteArray, file);
    QFETCH(QByteArray, host);
    QFETCH(bool, hasEch);
    QFETCH(int, alpnCount);
    QFile hello(QFINDTESTDATA(QString::fromLatin1("../../../fuzz/clienthello/corpus/" + file)));
    QVERIFY2(hello.open(QIODevice::ReadOnly), qPrintable(hello.errorString()));
    const std::string bytes = hello.readAll().toStdString();

    const SniffResult result = sniffText(bytes);
    QCOMPARE(result.verdict, Verdict::Found);
    QCOMPARE(result.protocol, Protocol::Tls);
    QCOMPARE(QByteArray::fromStdString(result.host), host);
    QCOMPARE(result.hasEch, hasEch);
    QCOMPARE(int(result.alpn.size()), alpnCount);
    for (std::size_t size = 0; size < bytes.size(); ++size)
        QCOMPARE(sniffText(bytes.substr(0, size)).verdict, Verdict::NeedMore);
}

void TestTlsSniSniffer::waitsAtEveryPositionOfSegments()
{
    const std::string bytes = record(browserHello("browser.example.org"));
    for (std::size_t size = 0; size < bytes.size(); ++size)
        QCOMPARE(sniffText(std::string_view(bytes).substr(0, size)).verdict, Verdict::NeedMore);
    const SniffResult result = sniffText(bytes);
    QCOMPARE(result.verdict, Verdict::Found);
    QCOMPARE(result.host, std::string("browser.example.org"));
    QVERIFY(result.hasEch);
    QCOMPARE(result.alpn, (std::vector<std::string>{"h2", "http/1.1"}));
}

void TestTlsSniSniffer::findsNameInRecordsOfEverySize()
{
    const std::string message = browserHello("browser.example.org");
    const SniffResult whole = sniffText(record(message));
    for (std::size_t size = 1; size <= message.size(); ++size)
        QCOMPARE(sniffText(records(message, size)), whole);
}

void TestTlsSniSniffer::waitsAtEveryPositionOfRecords()
{
    const std::string message = clientHello(serverName("split.example.org"));
    for (const std::size_t recordSize : {1, 2, 3, 4, 5, 7, 64}) {
        const std::string bytes = records(message, recordSize);
        for (std::size_t size = 0; size < bytes.size(); ++size)
            QCOMPARE(sniffText(std::string_view(bytes).substr(0, size)).verdict, Verdict::NeedMore);
        QCOMPARE(sniffText(bytes).host, std::string("split.example.org"));
    }
}

void TestTlsSniSniffer::judgesHello_data()
{
    QTest::addColumn<QByteArray>("bytes");
    QTest::addColumn<Verdict>("verdict");
    QTest::addColumn<QByteArray>("host");
    const auto row = [](const char *name, const std::string &bytes, Verdict verdict, const char *host = "") {
        QTest::newRow(name) << QByteArray::fromStdString(bytes) << verdict << QByteArray(host);
    };
    const auto hello = [](const std::string &extensions) { return record(clientHello(extensions)); };
    const auto named = [&](const std::string &list) { return hello(extension(0, list)); };
    const std::string entry = serverNameEntry("a.test");
    const std::string noExtensions =
        be(0x0301, 2) + std::string(32, 'r') + vec("", 1) + vec(be(0x002f, 2), 2) + vec(std::string(1, '\0'), 1);

    row("name in upper case", hello(serverName("WWW.Example.ORG")), Verdict::Found, "www.example.org");
    row("name with final dot", hello(serverName("a.test.")), Verdict::Found, "a.test");
    row("name after GREASE", hello(extension(0x0a0a, "") + serverName("a.test")), Verdict::Found, "a.test");
    row("name before padding", hello(serverName("a.test") + extension(21, std::string(500, '\0'))), Verdict::Found,
        "a.test");
    row("no extensions at all", record(be(1, 1) + vec(noExtensions, 3)), Verdict::Found);
    row("empty extensions", hello(""), Verdict::Found);
    row("no name among extensions", hello(extension(0x17, "")), Verdict::Found);
    row("record version 3.0", record(clientHello(serverName("a.test")), 0x0300), Verdict::Found, "a.test");
    row("record version 3.4", record(clientHello(serverName("a.test")), 0x0304), Verdict::Found, "a.test");
    row("other bytes behind the hello", hello(serverName("a.test")) + "more", Verdict::Found, "a.test");
    row("unknown name type before the name", named(vec(serverNameEntry("x", 7) + entry, 2)), Verdict::Found, "a.test");
    row("address as name", hello(serverName("192.0.2.1")), Verdict::Found);

    row("record version 3.5", record(clientHello(serverName("a.test")), 0x0305), Verdict::Malformed);
    row("two server_name extensions", hello(serverName("a.test") + serverName("b.test")), Verdict::Malformed);
    row("same server_name extension twice", hello(serverName("a.test") + serverName("a.test")), Verdict::Malformed);
    row("two names in one extension", named(vec(entry + serverNameEntry("b.test"), 2)), Verdict::Malformed);
    row("empty server_name extension", named(""), Verdict::Malformed);
    row("empty list of names", named(vec("", 2)), Verdict::Malformed);
    row("empty name", hello(serverName("")), Verdict::Malformed);
    row("name with NUL", hello(serverName(std::string("a.test\0.evil", 12))), Verdict::Malformed);
    row("name with line end", hello(serverName("a.test\r\n")), Verdict::Malformed);
    row("list shorter than extension", named(vec(entry, 2) + "x"), Verdict::Malformed);
    row("list longer than extension", named(be(entry.size() + 1, 2) + entry), Verdict::Malformed);
    row("name longer than list", named(vec(be(0, 1) + be(99, 2) + "a.test", 2)), Verdict::Malformed);
    row("extension longer than hello", hello(be(0, 2) + be(999, 2) + "x"), Verdict::Malformed);
    row("half an extension header", hello(std::string(3, '\0')), Verdict::Malformed);
    row("bytes behind the extensions", record(be(1, 1) + vec(noExtensions + vec("", 2) + "x", 3)), Verdict::Malformed);
    row("empty ALPN name", hello(extension(16, vec(vec("", 1), 2))), Verdict::Malformed);
    row("ALPN list longer than extension", hello(extension(16, be(9, 2) + vec("h2", 1))), Verdict::Malformed);
    row("hello shorter than its random", record(be(1, 1) + vec("short", 3)), Verdict::Malformed);
    row("empty hello", record(be(1, 1) + vec("", 3)), Verdict::Malformed);
    row("session id longer than hello", record(be(1, 1) + vec(std::string(34, 'r') + be(255, 1), 3)),
        Verdict::Malformed);
    row("empty record", be(22, 1) + be(0x0301, 2) + be(0, 2), Verdict::Malformed);
    row("alert between the parts",
        record(clientHello("").substr(0, 9)) + be(21, 1) + be(0x0301, 2) + vec(std::string(2, '\1'), 2),
        Verdict::Malformed);

    row("SSL 2 hello", std::string("\x80\x2e\x01\x03\x01\x00\x15", 7), Verdict::NotMine);
    row("first byte of TLS, then text", "\x16hello", Verdict::NotMine);
    row("server hello", record(be(2, 1) + vec("x", 3)), Verdict::NotMine);
    row("application data", be(23, 1) + be(0x0303, 2) + vec("xxxx", 2), Verdict::NotMine);
    row("alert first", be(21, 1) + be(0x0303, 2) + vec("xx", 2), Verdict::NotMine);
    row("DTLS", be(22, 1) + be(0xfeff, 2) + std::string(20, '\0'), Verdict::NotMine);
    row("one byte", "\x16", Verdict::NeedMore);
    row("declared 16 KiB, one byte there", be(22, 1) + be(0x0301, 2) + be(16384, 2) + "\1", Verdict::NeedMore);
    row("record header only", be(22, 1) + be(0x0301, 2) + be(512, 2), Verdict::NeedMore);
}

void TestTlsSniSniffer::judgesHello()
{
    QFETCH(QByteArray, bytes);
    QFETCH(Verdict, verdict);
    QFETCH(QByteArray, host);
    const SniffResult result = sniffText(bytes.toStdString());
    QCOMPARE(result.verdict, verdict);
    QCOMPARE(QByteArray::fromStdString(result.host), host);
    if (verdict == Verdict::Found || verdict == Verdict::Malformed)
        QCOMPARE(result.protocol, Protocol::Tls);
}

namespace {

std::string helloOfSize(std::size_t size)
{
    const std::string name = serverName("big.example.org");
    const std::size_t without = clientHello(name + extension(21, "")).size();
    return clientHello(name + extension(21, std::string(size - without, '\0')));
}

} // namespace

void TestTlsSniSniffer::takesRecordOfMaximumSize()
{
    const std::string message = helloOfSize(16384);
    QCOMPARE(message.size(), std::size_t{16384});
    QCOMPARE(sniffText(record(message)).host, std::string("big.example.org"));
}

void TestTlsSniSniffer::refusesRecordAboveMaximumSize()
{
    QCOMPARE(sniffText(record(helloOfSize(16385))).verdict, Verdict::Malformed);
    QCOMPARE(sniffText(be(22, 1) + be(0x0301, 2) + be(16385, 2) + "\1").verdict, Verdict::Malformed);
}

void TestTlsSniSniffer::takesHelloAcrossTwoRecordsAboveRecordSize()
{
    QCOMPARE(sniffText(records(helloOfSize(16385), 16384)).host, std::string("big.example.org"));
}

void TestTlsSniSniffer::refusesHugeHelloAtItsHeader()
{
    const std::string start = be(22, 1) + be(0x0301, 2) + be(16384, 2) + be(1, 1);
    QCOMPARE(sniffText(start + be(65535, 3)).verdict, Verdict::Malformed);
    QCOMPARE(sniffText(start + be(0xffffff, 3)).verdict, Verdict::Malformed);
    QCOMPARE(sniffText(start + be(60000, 3)).verdict, Verdict::NeedMore);
}

void TestTlsSniSniffer::stopsAtTheByteLimit()
{
    const std::string bytes = records(helloOfSize(16384), 1); // 98,304 bytes
    QCOMPARE(sniffText(std::string_view(bytes).substr(0, maxSniffBytes - 1)).verdict, Verdict::NeedMore);
    const SniffResult atLimit = sniffText(std::string_view(bytes).substr(0, maxSniffBytes));
    QCOMPARE(atLimit.verdict, Verdict::Malformed);
    QCOMPARE(atLimit.protocol, Protocol::Tls);
    QCOMPARE(sniffText(bytes), atLimit);
}

void TestTlsSniSniffer::keepsNameOfManyExtensions()
{
    std::string extensions;
    for (unsigned type = 0x4000; type < 0x4000 + 5000; ++type)
        extensions += extension(type, "");
    const std::string message = clientHello(extensions + serverName("last.example.org"));
    QCOMPARE(sniffText(records(message, 16384)).host, std::string("last.example.org"));
}

QTEST_APPLESS_MAIN(TestTlsSniSniffer)
#include "tst_tls_sni_sniffer.moc"
