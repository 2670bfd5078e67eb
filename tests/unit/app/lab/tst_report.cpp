// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/lab/report.h"

#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QTest>

using namespace Qt::StringLiterals;
using namespace sluice::lab;

class TestReport : public QObject
{
    Q_OBJECT

private slots:
    void countsWhatPassedAndFailed()
    {
        QCOMPARE(summary({}), std::string("0 passed, 0 failed"));
        QCOMPARE(summary({passed(), failed(), passed()}), std::string("2 passed, 1 failed"));
    }

    void aRunWithoutAnyProbeIsNoSuccess()
    {
        QVERIFY(!allPassed({}));
        QVERIFY(allPassed({passed()}));
        QVERIFY(!allPassed({passed(), failed()}));
    }

    void aLineStartsWithTheVerdict()
    {
        QVERIFY(toLine(passed()).starts_with("PASS  TPROXY gateway relay "));
        QVERIFY(toLine(failed()).starts_with("FAIL  "));
        QVERIFY(toLine(failed()).ends_with("the bytes differ\n"));
    }

    void columnsDoNotDependOnTheVerdict() { QCOMPARE(toLine(passed()).find("echo"), toLine(failed()).find("echo")); }

    void jsonHoldsEverything()
    {
        ProbeResult odd = failed();
        odd.detail = "said \"no\"\n\xc3\xa4";
        const QJsonObject report = QJsonDocument::fromJson(QByteArray::fromStdString(toJson({passed(), odd}))).object();
        QCOMPARE(report[u"passed"].toInt(), 1);
        QCOMPARE(report[u"failed"].toInt(), 1);
        const QJsonObject probe = report[u"probes"].toArray().at(1).toObject();
        QCOMPARE(probe[u"setup"].toString(), u"TPROXY gateway relay"_s);
        QCOMPARE(probe[u"family"].toString(), u"IPv6"_s);
        QCOMPARE(probe[u"probe"].toString(), u"echo"_s);
        QCOMPARE(probe[u"passed"].toBool(true), false);
        QCOMPARE(probe[u"detail"].toString(), u"said \"no\"\n\u00e4"_s);
        QCOMPARE(probe[u"duration_ms"].toInt(), 12);
    }

private:
    static ProbeResult passed()
    {
        return {"TPROXY gateway relay", "IPv4", "echo", true, "PROXIED", std::chrono::milliseconds(7)};
    }
    static ProbeResult failed()
    {
        return {"TPROXY gateway relay", "IPv6", "echo", false, "the bytes differ", std::chrono::milliseconds(12)};
    }
};

QTEST_APPLESS_MAIN(TestReport)
#include "tst_report.moc"
