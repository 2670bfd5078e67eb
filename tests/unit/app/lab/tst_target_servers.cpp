// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/lab/target_servers.h"

#include <QTest>

using namespace sluice;
using namespace sluice::lab;

class TestTargetServers : public QObject
{
    Q_OBJECT

private slots:
    void aSightingSurvivesItsLine_data()
    {
        QTest::addColumn<QByteArray>("source");
        QTest::addColumn<QByteArray>("reached");
        QTest::addColumn<QByteArray>("name");
        QTest::newRow("IPv4") << QByteArray("10.0.10.2:4444") << QByteArray("10.0.10.3") << QByteArray();
        QTest::newRow("IPv6") << QByteArray("[fd00:10::2]:4444") << QByteArray("fd00:10::3") << QByteArray();
        QTest::newRow("TLS") << QByteArray("10.0.10.2:1") << QByteArray("10.0.10.3") << QByteArray("a.test");
    }

    void aSightingSurvivesItsLine()
    {
        QFETCH(QByteArray, source);
        QFETCH(QByteArray, reached);
        QFETCH(QByteArray, name);
        const Sighting sighting{*Endpoint::parse(source.toStdString()), *IpAddress::parse(reached.toStdString()),
                                name.toStdString()};
        const auto read = Sighting::fromLine(sighting.toLine());
        QVERIFY(read.has_value());
        QCOMPARE(*read, sighting);
    }

    void aDamagedSightingIsNone()
    {
        QVERIFY(!Sighting::fromLine(""));
        QVERIFY(!Sighting::fromLine("HTTP/1.1 502 Bad Gateway"));
        QVERIFY(!Sighting::fromLine("source=10.0.10.2 reached=10.0.10.3 sni="));
        QVERIFY(!Sighting::fromLine("source=10.0.10.2:1 reached=here sni="));
    }

    void thePatternHidesNoShiftedBlock()
    {
        const std::string pattern = testPattern();
        QCOMPARE(pattern.size(), EchoBytes);
        for (std::size_t shift = 1; shift <= 65536; shift *= 2)
            QVERIFY(std::string_view(pattern).substr(shift, 1024) != std::string_view(pattern).substr(0, 1024));
    }
};

QTEST_APPLESS_MAIN(TestTargetServers)
#include "tst_target_servers.moc"
