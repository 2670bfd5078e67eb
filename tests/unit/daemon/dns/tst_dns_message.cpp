// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/dns/dns_message.h"

#include <QTest>

#include <random>
#include <string>

using namespace sluice;
using namespace sluice::dns;
using namespace std::chrono_literals;

namespace {

std::string be(std::size_t value, int size)
{
    std::string bytes;
    for (int shift = 8 * (size - 1); shift >= 0; shift -= 8)
        bytes += static_cast<char>(value >> shift & 0xff);
    return bytes;
}

/// "a.test" as labels with their end.
std::string wireName(std::string_view name)
{
    std::string bytes;
    while (!name.empty()) {
        const std::string_view label = name.substr(0, name.find('.'));
        bytes.append(be(label.size(), 1)).append(label);
        name.remove_prefix(std::min(name.size(), label.size() + 1));
    }
    return bytes + '\0';
}

const std::string questionName = be(0xc00c, 2); // a pointer to the name behind the header

std::string record(const std::string &owner, int type, std::string_view data, std::size_t ttl = 300,
                   int recordClass = 1)
{
    return owner + be(static_cast<std::size_t>(type), 2) + be(static_cast<std::size_t>(recordClass), 2) + be(ttl, 4) +
           be(data.size(), 2) + std::string(data);
}

const std::string address1("\xc0\x00\x02\x01", 4); // 192.0.2.1
const std::string address2("\xc0\x00\x02\x02", 4);

Query query(RecordType type = RecordType::A)
{
    return {0x1234, "a.test", type, std::nullopt};
}

std::string header(int answers, unsigned flags = 0x8180, unsigned id = 0x1234, int questions = 1)
{
    return be(id, 2) + be(flags, 2) + be(static_cast<std::size_t>(questions), 2) +
           be(static_cast<std::size_t>(answers), 2) + be(0, 4);
}

std::string question(const std::string &name = wireName("a.test"), int type = 1)
{
    return name + be(static_cast<std::size_t>(type), 2) + be(1, 2);
}

std::optional<Response> decode(const std::string &message, const Query &asked = query())
{
    return decodeResponse(std::as_bytes(std::span(message)), asked);
}

QByteArray addresses(const std::optional<Response> &response)
{
    if (!response)
        return "no answer";
    QByteArrayList texts;
    for (const IpAddress &address : response->addresses)
        texts += QByteArray::fromStdString(address.toString());
    return texts.join(' ');
}

} // namespace

class TestDnsMessage : public QObject
{
    Q_OBJECT

private slots:
    void encodesQuery();
    void encodesClientSubnet();
    void refusesNamesThatCannotBeEncoded_data();
    void refusesNamesThatCannotBeEncoded();
    void readsAddresses();
    void readsIpv6Addresses();
    void followsAliasesInAnyOrder();
    void takesSmallestTtl();
    void endsAliasCircles();
    void reportsServersWord_data();
    void reportsServersWord();
    void comparesNamesWithoutCase();
    void skipsOtherRecords();
    void ignoresWhatIsNoAnswer_data();
    void ignoresWhatIsNoAnswer();
    void survivesEveryCut();
    void survivesRandomBytes();
};

void TestDnsMessage::encodesQuery()
{
    const auto bytes = encodeQuery(query());
    QVERIFY(bytes);
    const QByteArray text(reinterpret_cast<const char *>(bytes->data()), static_cast<qsizetype>(bytes->size()));
    QCOMPARE(text.toHex(), QByteArray("123401000001000000000001"
                                      "0161047465737400"
                                      "00010001"
                                      "00002904d0000000000000"));
    QVERIFY(encodeQuery(query(RecordType::Aaaa)));
}

void TestDnsMessage::encodesClientSubnet()
{
    const auto optionOf = [](const char *subnet) {
        Query asked = query();
        asked.clientSubnet = Cidr::parse(subnet);
        const auto bytes = encodeQuery(asked).value();
        const QByteArray text(reinterpret_cast<const char *>(bytes.data()), static_cast<qsizetype>(bytes.size()));
        return text.mid(33).toHex(); // behind the fixed part of OPT: length and options
    };
    QCOMPARE(optionOf("192.0.2.77/24"), QByteArray("000b0008000700011800c00002"));
    QCOMPARE(optionOf("10.0.0.0/7"), QByteArray("000900080005000107000a"));
    QCOMPARE(optionOf("2001:db8::/56"), QByteArray("000f0008000b0002380020010db8000000"));
    QCOMPARE(optionOf("0.0.0.0/0"), QByteArray("00080008000400010000"));
}

void TestDnsMessage::refusesNamesThatCannotBeEncoded_data()
{
    QTest::addColumn<QByteArray>("name");
    QTest::newRow("empty") << QByteArray();
    QTest::newRow("dot") << QByteArray(".");
    QTest::newRow("final dot") << QByteArray("a.test.");
    QTest::newRow("empty label") << QByteArray("a..test");
    QTest::newRow("label of 64") << QByteArray(64, 'a');
    QTest::newRow("name of 254") << QByteArray(QByteArray(QByteArray(63, 'a') + ".").repeated(3) + QByteArray(62, 'b'));
}

void TestDnsMessage::refusesNamesThatCannotBeEncoded()
{
    QFETCH(QByteArray, name);
    Query asked = query();
    asked.name = name.toStdString();
    QVERIFY(!encodeQuery(asked));
    asked.name =
        std::string(63, 'a') + '.' + std::string(63, 'a') + '.' + std::string(63, 'a') + '.' + std::string(61, 'b');
    QVERIFY(encodeQuery(asked)); // 253, the longest that fits
}

void TestDnsMessage::readsAddresses()
{
    const auto response =
        decode(header(2) + question() + record(questionName, 1, address2) + record(questionName, 1, address1));
    QCOMPARE(addresses(response), QByteArray("192.0.2.2 192.0.2.1"));
    QCOMPARE(response->ttl, 300s);
    QVERIFY(!response->isTruncated);
}

void TestDnsMessage::readsIpv6Addresses()
{
    const std::string data = be(0x20010db8, 4) + std::string(11, '\0') + '\1';
    const auto response =
        decode(header(1) + question(wireName("a.test"), 28) + record(questionName, 28, data), query(RecordType::Aaaa));
    QCOMPARE(addresses(response), QByteArray("2001:db8::1"));
}

void TestDnsMessage::followsAliasesInAnyOrder()
{
    const std::string toB = record(questionName, 5, wireName("b.test"));
    const std::string toC = record(wireName("b.test"), 5, wireName("c.other"));
    const std::string end = record(wireName("c.other"), 1, address1);
    const std::string foreign = record(wireName("d.other"), 1, address2);
    QCOMPARE(addresses(decode(header(4) + question() + toB + toC + foreign + end)), QByteArray("192.0.2.1"));
    QCOMPARE(addresses(decode(header(4) + question() + end + foreign + toC + toB)), QByteArray("192.0.2.1"));
    QCOMPARE(addresses(decode(header(2) + question() + toB + end)), QByteArray());
    // The alias ends in a pointer into the question: "www" before "test".
    const std::string compressed = record(questionName, 5, be(3, 1) + "www" + be(0xc00e, 2));
    QCOMPARE(addresses(decode(header(2) + question() + compressed + record(wireName("www.test"), 1, address1))),
             QByteArray("192.0.2.1"));
}

void TestDnsMessage::takesSmallestTtl()
{
    const std::string alias = record(questionName, 5, wireName("b.test"), 60);
    const std::string longer = record(wireName("b.test"), 1, address1, 600);
    const std::string shorter = record(wireName("b.test"), 1, address2, 30);
    QCOMPARE(decode(header(2) + question() + alias + longer)->ttl, 60s);
    QCOMPARE(decode(header(3) + question() + alias + longer + shorter)->ttl, 30s);
    QCOMPARE(decode(header(1) + question() + record(questionName, 1, address1, 0xffffffff))->ttl, 0s);
    QCOMPARE(decode(header(0) + question())->ttl, 0s);
}

void TestDnsMessage::endsAliasCircles()
{
    const std::string toB = record(questionName, 5, wireName("b.test"));
    const std::string toA = record(wireName("b.test"), 5, wireName("a.test"));
    QCOMPARE(addresses(decode(header(2) + question() + toB + toA)), QByteArray());
    QCOMPARE(addresses(decode(header(1) + question() + record(questionName, 5, wireName("a.test")))), QByteArray());

    std::string chain;
    for (int i = 0; i < 100; ++i)
        chain +=
            record(i == 0 ? questionName : wireName("n" + std::to_string(i)), 5, wireName("n" + std::to_string(i + 1)));
    chain += record(wireName("n100"), 1, address1);
    QCOMPARE(addresses(decode(header(101) + question() + chain)), QByteArray());
}

void TestDnsMessage::reportsServersWord_data()
{
    QTest::addColumn<unsigned>("flags");
    QTest::addColumn<ResponseCode>("code");
    QTest::addColumn<bool>("isTruncated");
    QTest::newRow("no such name") << 0x8183U << ResponseCode::NoSuchName << false;
    QTest::newRow("server failure") << 0x8182U << ResponseCode::ServerFailure << false;
    QTest::newRow("refused") << 0x8185U << ResponseCode::Refused << false;
    QTest::newRow("format error") << 0x8181U << ResponseCode::FormatError << false;
    QTest::newRow("truncated") << 0x8380U << ResponseCode::NoError << true;
    QTest::newRow("no data") << 0x8180U << ResponseCode::NoError << false;
}

void TestDnsMessage::reportsServersWord()
{
    QFETCH(unsigned, flags);
    QFETCH(ResponseCode, code);
    QFETCH(bool, isTruncated);
    const auto response = decode(header(0, flags) + question());
    QVERIFY(response);
    QCOMPARE(response->code, code);
    QCOMPARE(response->isTruncated, isTruncated);
    QVERIFY(response->addresses.empty());
}

void TestDnsMessage::comparesNamesWithoutCase()
{
    const auto response = decode(header(1) + question(wireName("A.TesT")) + record(wireName("a.TEST"), 1, address1));
    QCOMPARE(addresses(response), QByteArray("192.0.2.1"));
}

void TestDnsMessage::skipsOtherRecords()
{
    const std::string text = record(questionName, 16, "\3abc");
    const std::string chaos = record(questionName, 1, address2, 300, 3);
    const std::string otherType = record(questionName, 28, std::string(16, 'x'));
    QCOMPARE(addresses(decode(header(4) + question() + text + chaos + otherType + record(questionName, 1, address1))),
             QByteArray("192.0.2.1"));
}

void TestDnsMessage::ignoresWhatIsNoAnswer_data()
{
    QTest::addColumn<QByteArray>("message");
    const auto row = [](const char *name, const std::string &message) {
        QTest::newRow(name) << QByteArray::fromStdString(message);
    };
    const std::string good = record(questionName, 1, address1);
    const auto answer = [&](const std::string &bytes) { return header(1) + question() + bytes; };
    row("empty", "");
    row("half a header", header(0).substr(0, 11));
    row("other id", header(1, 0x8180, 0x1235) + question() + good);
    row("query", header(1, 0x0180) + question() + good);
    row("other opcode", header(1, 0x9180) + question() + good);
    row("no question", header(1, 0x8180, 0x1234, 0) + good);
    row("two questions", header(1, 0x8180, 0x1234, 2) + question() + question() + good);
    row("other name", header(1) + question(wireName("b.test")) + good);
    row("longer name", header(1) + question(wireName("x.a.test")) + good);
    row("other type", header(1) + question(wireName("a.test"), 28) + good);
    row("other class", header(1) + wireName("a.test") + be(1, 2) + be(3, 2) + good);
    row("fewer records than declared", header(2) + question() + good);
    row("more records than allowed", header(60000) + question() + good);
    row("data beyond the end", answer(questionName + be(1, 2) + be(1, 2) + be(1, 4) + be(500, 2) + address1));
    row("IPv4 address of 5 bytes", answer(record(questionName, 1, address1 + "x")));
    row("IPv4 address of 0 bytes", answer(record(questionName, 1, "")));
    row("pointer to itself", answer(record(be(0xc000 + 12 + 12, 2), 1, address1)));
    row("pointer forward", answer(record(be(0xc0ff, 2), 1, address1)));
    row("pointers to each other", answer(record(questionName, 5, be(0xc000 + 38, 2) + be(0xc000 + 36, 2))));
    row("question with a pointer to itself", header(1) + be(0xc00c, 2) + be(1, 4) + good);
    row("alias beyond its data", answer(record(questionName, 5, be(4, 1) + "ab")));
    row("alias shorter than its data", answer(record(questionName, 5, wireName("b.test") + "x")));
    row("alias without end", answer(record(questionName, 5, "\1b")));
    row("label type 0x40", answer(record("\x40", 1, address1)));
    row("label type 0x80", answer(record("\x80", 1, address1)));
    row("dot inside a label", answer(record(be(6, 1) + "a.test" + '\0', 1, address1)));
    row("label beyond the end", answer("\x3f"));
    std::string longName;
    for (int i = 0; i < 5; ++i)
        longName += be(63, 1) + std::string(63, 'a');
    row("name above 255 bytes", answer(record(longName + '\0', 1, address1)));
    // Each name is 63 bytes and a pointer to the one before: 20 pointers make 1,280 bytes.
    std::string ladder = record(wireName(std::string(63, 'a')), 16, "");
    std::size_t previous = 12 + question().size();
    for (int i = 0; i < 20; ++i) {
        const std::size_t here = 12 + question().size() + ladder.size();
        ladder += record(be(63, 1) + std::string(63, 'b') + be(0xc000 + previous, 2), 16, "");
        previous = here;
    }
    row("name that grows over pointers", header(21) + question() + ladder);
}

void TestDnsMessage::ignoresWhatIsNoAnswer()
{
    QFETCH(QByteArray, message);
    QCOMPARE(addresses(decode(message.toStdString())), QByteArray("no answer"));
}

void TestDnsMessage::survivesEveryCut()
{
    const std::string message =
        header(2) + question() + record(questionName, 5, wireName("b.test")) + record(wireName("b.test"), 1, address1);
    for (std::size_t size = 0; size < message.size(); ++size)
        QVERIFY(!decode(message.substr(0, size)));
    QVERIFY(decode(message));
    QVERIFY(decode(message + "trailing")); // additional records follow there
}

void TestDnsMessage::survivesRandomBytes()
{
    std::mt19937 random(1); // NOLINT: the same bytes in every run
    const std::string good = header(3) + question() + record(questionName, 5, be(3, 1) + "www" + be(0xc00e, 2)) +
                             record(wireName("www.test"), 1, address1) + record(questionName, 1, address2);
    for (int round = 0; round < 100'000; ++round) {
        std::string message = round % 2 == 0 ? good : header(static_cast<int>(random() % 8)) + question();
        for (std::size_t left = random() % 8; left > 0; --left)
            message[12 + random() % (message.size() - 12)] = static_cast<char>(random());
        for (std::size_t left = round % 2 == 0 ? 0 : random() % 64; left > 0; --left)
            message += static_cast<char>(random());
        const auto response = decode(message);
        QVERIFY(!response || response->addresses.size() <= 8);
    }
}

QTEST_APPLESS_MAIN(TestDnsMessage)
#include "tst_dns_message.moc"
