// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/sniff/http_host_sniffer.h"

#include <QTest>

using namespace sluice;
using namespace sluice::sniff;

namespace {

SniffResult sniffText(std::string_view text)
{
    return sniff::sniff(std::as_bytes(std::span(text)));
}

} // namespace

class TestHttpHostSniffer : public QObject
{
    Q_OBJECT

private slots:
    void judgesHead_data();
    void judgesHead();
    void waitsAtEveryPosition_data();
    void waitsAtEveryPosition();
    void reportsPortAndLiteral();
    void tellsRequestsForProxies_data();
    void tellsRequestsForProxies();
    void stopsAtTheByteLimit();
};

void TestHttpHostSniffer::judgesHead_data()
{
    QTest::addColumn<QByteArray>("head");
    QTest::addColumn<Verdict>("verdict");
    QTest::addColumn<QByteArray>("host");
    const auto row = [](const char *name, const QByteArray &head, Verdict verdict, const char *host = "") {
        QTest::newRow(name) << head << verdict << QByteArray(host);
    };
    const auto found = [&](const char *name, const QByteArray &head, const char *host) {
        row(name, head, Verdict::Found, host);
    };
    const auto malformed = [&](const char *name, const QByteArray &head) { row(name, head, Verdict::Malformed); };
    const auto notMine = [&](const char *name, const QByteArray &head) { row(name, head, Verdict::NotMine); };
    const auto needMore = [&](const char *name, const QByteArray &head) { row(name, head, Verdict::NeedMore); };
    const QByteArray get = "GET / HTTP/1.1\r\n";

    found("plain GET", get + "Host: a.test\r\n\r\n", "a.test");
    found("Host in any case", get + "hOsT: a.test\r\n\r\n", "a.test");
    found("Host after other fields", get + "x-LOWER: 1\r\nAccept: */*\r\nHost: a.test\r\n\r\n", "a.test");
    found("name in upper case", get + "Host: A.TeSt\r\n\r\n", "a.test");
    found("final dot", get + "Host: a.test.\r\n\r\n", "a.test");
    found("port", get + "Host: a.test:8080\r\n\r\n", "a.test");
    found("no blank behind the colon", get + "Host:a.test\r\n\r\n", "a.test");
    found("blanks and tabs round the name", get + "Host: \t a.test \t\r\n\r\n", "a.test");
    found("WebDAV method", "PROPFIND /dav HTTP/1.1\r\nHost: a.test\r\n\r\n", "a.test");
    found("method nobody knows", "m-SEARCH! * HTTP/1.1\r\nHost: a.test\r\n\r\n", "a.test");
    found("method of 32 bytes", QByteArray(32, 'M') + " / HTTP/1.1\r\nHost: a.test\r\n\r\n", "a.test");
    found("OPTIONS *", "OPTIONS * HTTP/1.1\r\nHost: a.test\r\n\r\n", "a.test");
    found("HTTP/1.0 with Host", "GET / HTTP/1.0\r\nHost: a.test\r\n\r\n", "a.test");
    found("HTTP/1.0 without Host", "GET / HTTP/1.0\r\n\r\n", "");
    found("HTTP/1.1 without Host", get + "Accept: */*\r\n\r\n", "");
    found("empty Host", get + "Host:\r\n\r\n", "");
    found("blank Host", get + "Host: \t \r\n\r\n", "");
    found("body follows", "POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 5\r\n\r\nHost: b.test\r\n\r\n", "a.test");
    found("second request follows", get + "Host: a.test\r\n\r\n" + get + "Host: b.test\r\n\r\n", "a.test");
    found("both lengths (left to the server)",
          "POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
          "a.test");
    found("bare LF everywhere", "GET / HTTP/1.1\nHost: a.test\n\n", "a.test");
    found("bare LF in places", "GET / HTTP/1.1\r\nAccept: */*\nHost: a.test\r\n\n", "a.test");
    found("Host in a folded field is no Host", get + "X-A: b\r\n Host: evil.test\r\nHost: a.test\r\n\r\n", "a.test");
    found("Host in a field value is no Host", get + "X-A: Host: evil.test\r\nHost: a.test\r\n\r\n", "a.test");
    found("Host as part of a field name", get + "X-Host: evil.test\r\nHosts: b\r\nHost: a.test\r\n\r\n", "a.test");
    found("Host behind the empty line", get + "\r\nHost: evil.test\r\n\r\n", "");
    found("one empty line first", "\r\n" + get + "Host: a.test\r\n\r\n", "a.test");
    found("one bare LF first", "\n" + get + "Host: a.test\r\n\r\n", "a.test");
    found("absolute-form alone", "GET http://a.test/x HTTP/1.1\r\n\r\n", "a.test");
    found("absolute-form like Host", "GET HTTP://A.test:80/?q HTTP/1.1\r\nHost: a.test\r\n\r\n", "a.test");
    found("absolute-form with query only", "GET http://a.test?q=/ HTTP/1.1\r\nHost: a.test\r\n\r\n", "a.test");
    found("CONNECT", "CONNECT a.test:443 HTTP/1.1\r\nHost: a.test:443\r\n\r\n", "a.test");
    found("upgrade to WebSocket", get + "Host: a.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n", "a.test");
    found("upgrade to h2c", get + "Host: a.test\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n\r\n",
          "a.test");
    found("HTTP/2 with prior knowledge", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + QByteArray(9, '\0'), "");
    found("origin-form that holds a URI", "GET /http://evil.test/ HTTP/1.1\r\nHost: a.test\r\n\r\n", "a.test");
    found("underscore", get + "Host: my_host.a.test\r\n\r\n", "my_host.a.test");
    found("bytes above ASCII in another field", get + "X-A: \xc3\xa4\r\nHost: a.test\r\n\r\n", "a.test");

    malformed("two Hosts", get + "Host: a.test\r\nHost: b.test\r\n\r\n");
    malformed("two equal Hosts", get + "Host: a.test\r\nHost: a.test\r\n\r\n");
    malformed("second Host in another case", get + "Host: a.test\r\nHOST: b.test\r\n\r\n");
    malformed("second Host at the end", get + "Host: a.test\r\nAccept: */*\r\nHost: b.test\r\n\r\n");
    malformed("empty Host, then a Host", get + "Host:\r\nHost: b.test\r\n\r\n");
    malformed("blank before the colon", get + "Host : a.test\r\n\r\n");
    malformed("tab before the colon", get + "Host\t: a.test\r\n\r\n");
    malformed("blank before the first field", get + " Host: a.test\r\n\r\n");
    malformed("folded Host", get + "Host: a.test\r\n .evil.test\r\n\r\n");
    malformed("Host on its folded line", get + "Host:\r\n a.test\r\n\r\n");
    malformed("two names in Host", get + "Host: a.test, b.test\r\n\r\n");
    malformed("blank in the name", get + "Host: a.test b.test\r\n\r\n");
    malformed("user in Host", get + "Host: user@a.test\r\n\r\n");
    malformed("path in Host", get + "Host: a.test/b\r\n\r\n");
    malformed("scheme in Host", get + "Host: http://a.test\r\n\r\n");
    malformed("percent sign in Host", get + "Host: a%2etest\r\n\r\n");
    malformed("UTF-8 in Host", get + "Host: \xc3\xa4.test\r\n\r\n");
    malformed("NUL in Host", get + QByteArray("Host: a.test\0.evil.test\r\n\r\n", 27));
    malformed("NUL in another field", get + QByteArray("X: a\0b\r\nHost: a.test\r\n\r\n", 24));
    malformed("escape in Host", get + "Host: a\x1b[31m.test\r\n\r\n");
    malformed("bad port in Host", get + "Host: a.test:http\r\n\r\n");
    malformed("port too large", get + "Host: a.test:65536\r\n\r\n");
    malformed("bare CR in Host", get + "Host: a.test\rX: b\r\n\r\n");
    malformed("bare CR hides a Host", get + "X: a\rHost: evil.test\r\nHost: a.test\r\n\r\n");
    malformed("two CR before LF", get + "Host: a.test\r\r\n\r\n");
    malformed("field without a colon", get + "Host a.test\r\n\r\n");
    malformed("field without a name", get + ": a.test\r\n\r\n");
    malformed("field name that is no token", get + "Ho(st: b\r\nHost: a.test\r\n\r\n");
    malformed("absolute-form unlike Host", "GET http://b.test/ HTTP/1.1\r\nHost: a.test\r\n\r\n");
    malformed("absolute-form with user", "GET http://a.test@b.test/ HTTP/1.1\r\nHost: a.test\r\n\r\n");
    malformed("absolute-form without host", "GET http:///x HTTP/1.1\r\nHost: a.test\r\n\r\n");
    malformed("absolute-form beside a bad Host", "GET http://a.test/ HTTP/1.1\r\nHost: a.test/\r\n\r\n");
    malformed("target that is no form at all", "GET a.test HTTP/1.1\r\nHost: a.test\r\n\r\n");
    malformed("CONNECT unlike Host", "CONNECT b.test:443 HTTP/1.1\r\nHost: a.test:443\r\n\r\n");
    malformed("CONNECT with a path", "CONNECT /x HTTP/1.1\r\nHost: a.test\r\n\r\n");

    notMine("HTTP/0.9", "GET /\r\n");
    notMine("version in lower case", "GET / http/1.1\r\nHost: a.test\r\n\r\n");
    notMine("HTTP/2 in a request line", "GET / HTTP/2.0\r\nHost: a.test\r\n\r\n");
    notMine("version with a tail", "GET / HTTP/1.10\r\nHost: a.test\r\n\r\n");
    notMine("blank behind the version", "GET / HTTP/1.1 \r\nHost: a.test\r\n\r\n");
    notMine("blank in the target", "GET /a b HTTP/1.1\r\nHost: a.test\r\n\r\n");
    notMine("two blanks", "GET  / HTTP/1.1\r\nHost: a.test\r\n\r\n");
    notMine("tab for blank", "GET\t/ HTTP/1.1\r\nHost: a.test\r\n\r\n");
    notMine("response", "HTTP/1.1 200 OK\r\n\r\n");
    notMine("method of 33 bytes", QByteArray(33, 'M'));
    notMine("SSH", "SSH-2.0-OpenSSH_9.2\r\n");
    notMine("SSH, first bytes", "SSH-");
    notMine("Redis", "*1\r\n$4\r\nPING\r\n");
    notMine("IRC", "NICK bob\r\nUSER bob 0 * :Bob\r\n");
    notMine("IRC at its third word", "USER bob 0");
    notMine("SMTP client", "EHLO mail.test\r\n");
    notMine("RTSP", "OPTIONS rtsp://a.test/ RTSP/1.0\r\nCSeq: 1\r\n\r\n");
    notMine("SIP", "INVITE sip:bob@a.test SIP/2.0\r\n\r\n");
    notMine("text line", "hi\n");
    notMine("first byte no token", QByteArray("\x00\x01\x02\x03\x04\x05\x06", 7));
    notMine("two empty lines first", "\r\n\r\n" + get);

    needMore("nothing", "");
    needMore("short word", "hi");
    needMore("method", "GET");
    needMore("method and blank", "GET ");
    needMore("start of HTTP/2", "PRI * HT");
    needMore("head without its end", get + "Host: a.test\r\n");
}

void TestHttpHostSniffer::judgesHead()
{
    QFETCH(QByteArray, head);
    QFETCH(Verdict, verdict);
    QFETCH(QByteArray, host);
    const SniffResult result = sniffText(head.toStdString());
    QCOMPARE(result.verdict, verdict);
    QCOMPARE(QByteArray::fromStdString(result.host), host);
    if (verdict == Verdict::Found || verdict == Verdict::Malformed)
        QCOMPARE(result.protocol, Protocol::Http);
}

void TestHttpHostSniffer::waitsAtEveryPosition_data()
{
    QTest::addColumn<QByteArray>("head");
    QTest::newRow("CRLF") << QByteArray("GET /a HTTP/1.1\r\nAccept: b\r\n folded\r\nHost: a.test\r\nX: y\r\n\r\n");
    QTest::newRow("LF") << QByteArray("GET /a HTTP/1.1\nAccept: b\nHost: a.test\nX: y\n\n");
    QTest::newRow("empty line first") << QByteArray("\r\nGET http://a.test/ HTTP/1.1\r\nHost: a.test:80\r\n\r\n");
}

void TestHttpHostSniffer::waitsAtEveryPosition()
{
    QFETCH(QByteArray, head);
    const std::string bytes = head.toStdString();
    for (std::size_t size = 0; size < bytes.size(); ++size)
        QCOMPARE(sniffText(bytes.substr(0, size)).verdict, Verdict::NeedMore);
    QCOMPARE(sniffText(bytes).host, std::string("a.test"));
}

void TestHttpHostSniffer::reportsPortAndLiteral()
{
    const SniffResult named = sniffText("GET / HTTP/1.1\r\nHost: a.test:8080\r\n\r\n");
    QCOMPARE(named.port, std::optional<std::uint16_t>(8080));
    QVERIFY(!named.literal);
    const SniffResult literal = sniffText("GET / HTTP/1.1\r\nHost: 10.77.1.9:8080\r\n\r\n");
    QCOMPARE(literal.verdict, Verdict::Found);
    QVERIFY(literal.host.empty());
    QCOMPARE(literal.literal, IpAddress::parse("10.77.1.9"));
    const SniffResult literal6 = sniffText("GET / HTTP/1.1\r\nHost: [2001:db8::1]\r\n\r\n");
    QCOMPARE(literal6.literal, IpAddress::parse("2001:db8::1"));
    QVERIFY(!literal6.port);
}

void TestHttpHostSniffer::tellsRequestsForProxies_data()
{
    QTest::addColumn<QByteArray>("head");
    QTest::addColumn<bool>("isProxyRequest");
    QTest::newRow("origin-form") << QByteArray("GET / HTTP/1.1\r\nHost: a.test\r\n\r\n") << false;
    QTest::newRow("asterisk-form") << QByteArray("OPTIONS * HTTP/1.1\r\nHost: a.test\r\n\r\n") << false;
    QTest::newRow("absolute-form") << QByteArray("GET http://a.test/ HTTP/1.1\r\nHost: a.test\r\n\r\n") << true;
    QTest::newRow("CONNECT") << QByteArray("CONNECT a.test:443 HTTP/1.1\r\nHost: a.test:443\r\n\r\n") << true;
}

void TestHttpHostSniffer::tellsRequestsForProxies()
{
    QFETCH(QByteArray, head);
    QFETCH(bool, isProxyRequest);
    QCOMPARE(sniffText(head.toStdString()).isProxyRequest, isProxyRequest);
}

void TestHttpHostSniffer::stopsAtTheByteLimit()
{
    const std::string start = "GET / HTTP/1.1\r\nHost: a.test\r\nX: ";
    const std::string end = "\r\n\r\n";
    const std::string fits = start + std::string(maxSniffBytes - start.size() - end.size(), 'x') + end;
    QCOMPARE(sniffText(fits).host, std::string("a.test"));
    const std::string tooLong = start + std::string(maxSniffBytes - start.size() - end.size() + 1, 'x') + end;
    QCOMPARE(sniffText(tooLong.substr(0, maxSniffBytes - 1)).verdict, Verdict::NeedMore);
    QCOMPARE(sniffText(tooLong.substr(0, maxSniffBytes)).verdict, Verdict::Malformed);
    QCOMPARE(sniffText(tooLong).verdict, Verdict::Malformed);
}

QTEST_APPLESS_MAIN(TestHttpHostSniffer)
#include "tst_http_host_sniffer.moc"
