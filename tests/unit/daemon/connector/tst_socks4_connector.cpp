// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/unit/daemon/connector/connector_fixture.h"

#include <QTest>

using namespace sluice;
using namespace sluice::test;

class TestSocks4Connector : public QObject
{
    Q_OBJECT

private slots:
    void asksForTheTarget_data()
    {
        QTest::addColumn<QString>("user");
        QTest::addColumn<QString>("host");
        QTest::addColumn<QByteArray>("bytes");
        QTest::newRow("IPv4") << ""
                              << "1.2.3.4" << QByteArray("04 01 00 50 01 02 03 04 00");
        QTest::newRow("IPv4 with user id") << "me"
                                           << "1.2.3.4" << QByteArray("04 01 00 50 01 02 03 04 6d 65 00");
        QTest::newRow("name") << ""
                              << "a.b" << QByteArray("04 01 00 50 00 00 00 01 00 61 2e 62 00");
        QTest::newRow("IPv6 as a name") << ""
                                        << "::1" << QByteArray("04 01 00 50 00 00 00 01 00 3a 3a 31 00");
    }
    void asksForTheTarget()
    {
        QFETCH(QString, user);
        QFETCH(QString, host);
        QFETCH(QByteArray, bytes);
        for (const std::size_t bytesPerTurn : {0U, 1U}) {
            Dial dial(layer("socks4", user.toStdString()));
            dial.node.bytesPerTurn = bytesPerTurn;
            dial.start({host.toStdString(), 80});
            QVERIFY(dial.nodeHas(hex(bytes.toStdString()).size()));
            QCOMPARE(shown(dial.node.received), bytes);
            dial.node.send(hex("00 5a 00 00 00 00 00 00") + "DATA");
            QVERIFY(dial.ends() && dial.outcome.isGood());
            QCOMPARE(dial.tunnelled(4), std::string("DATA"));
        }
    }

    void sendsNoNamesWhenSwitchedOff()
    {
        for (const char *host : {"a.test", "2001:db8::1"}) {
            Dial dial(with(layer("socks4a"), "disable4a", true));
            dial.start({host, 80});
            QVERIFY(dial.failsWith(ErrorCode::Unsupported, "IPv4 addresses only"));
        }
    }

    void saysWhyItWasRefused_data()
    {
        QTest::addColumn<QByteArray>("answer");
        QTest::addColumn<int>("code");
        QTest::newRow("rejected") << QByteArray("00 5b 00 00 00 00 00 00") << static_cast<int>(ErrorCode::Refused);
        QTest::newRow("no identd") << QByteArray("00 5c 00 00 00 00 00 00") << static_cast<int>(ErrorCode::AuthFailed);
        QTest::newRow("other user") << QByteArray("00 5d 00 00 00 00 00 00") << static_cast<int>(ErrorCode::AuthFailed);
        QTest::newRow("unknown") << QByteArray("00 63 00 00 00 00 00 00") << static_cast<int>(ErrorCode::Failed);
        QTest::newRow("not SOCKS4") << QByteArray("05 ff") << static_cast<int>(ErrorCode::ProtocolError);
    }
    void saysWhyItWasRefused()
    {
        QFETCH(QByteArray, answer);
        QFETCH(int, code);
        Dial dial(layer("socks4"));
        dial.start({"1.2.3.4", 80});
        dial.node.send(hex(answer.toStdString()));
        QVERIFY(dial.failsWith(static_cast<ErrorCode>(code), "the socks4 proxy"));
    }
};

QTEST_APPLESS_MAIN(TestSocks4Connector)
#include "tst_socks4_connector.moc"
