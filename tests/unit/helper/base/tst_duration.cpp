// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "helper/base/duration.h"

#include <QTest>

using namespace sluice;
using namespace std::chrono_literals;

class TestDuration : public QObject
{
    Q_OBJECT

private slots:
    void readsGoDurations_data()
    {
        QTest::addColumn<QByteArray>("text");
        QTest::addColumn<bool>("isValid");
        QTest::addColumn<qlonglong>("nanoseconds");
        QTest::addColumn<QByteArray>("printed");
        const auto row = [](const char *text, Duration value, const char *printed) {
            QTest::newRow(text) << QByteArray(text) << true << qlonglong(value.count()) << QByteArray(printed);
        };
        row("0", 0ns, "0s");
        row("5s", 5s, "5s");
        row("300ms", 300ms, "300ms");
        row("1h30m", 90min, "1h30m0s");
        row("1.5h", 90min, "1h30m0s");
        row("2m30s", 150s, "2m30s");
        row("-1s", -1s, "-1s");
        row("30ns", 30ns, "30ns");
        row("1500us", 1500us, "1.5ms");
        row("1.5\u00b5s", 1500ns, "1.5\u00b5s");
        for (const char *bad : {"", "5", "abc", "5x", "s", ".s", "1h 2m", "-", "9999999999999h"})
            QTest::newRow(bad) << QByteArray(bad) << false << qlonglong(0) << QByteArray();
    }

    void readsGoDurations()
    {
        QFETCH(QByteArray, text);
        QFETCH(bool, isValid);
        QFETCH(qlonglong, nanoseconds);
        QFETCH(QByteArray, printed);
        const auto duration = parseDuration(text.toStdString());
        QCOMPARE(duration.has_value(), isValid);
        if (!isValid)
            return;
        QCOMPARE(qlonglong(duration->count()), nanoseconds);
        QCOMPARE(QByteArray::fromStdString(formatDuration(*duration)), printed);
    }
};

QTEST_APPLESS_MAIN(TestDuration)
#include "tst_duration.moc"
