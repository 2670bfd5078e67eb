// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/cli/doctor_command.h"

#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QTest>

using namespace Qt::StringLiterals;
using namespace sluice::cli;

class TestDoctorCommand : public QObject
{
    Q_OBJECT

private slots:
    void aLineStartsWithTheState()
    {
        QCOMPARE(toLine({Health::Missing, "ip", "not installed"}),
                 std::string("missing   ip                      not installed\n"));
        QVERIFY(toLine({Health::Degraded, std::string(40, 'x'), "y"}).find("x  y") != std::string::npos);
    }

    void jsonHoldsEveryCheck()
    {
        const auto report =
            QJsonDocument::fromJson(
                QByteArray::fromStdString(toJson({{Health::Ok, "ip", "1"}, {Health::Degraded, "nft", "2"}})))
                .object();
        QCOMPARE(report[u"schema"].toInt(), 1);
        QCOMPARE(report[u"checks"].toArray().size(), 2);
        QCOMPARE(report[u"checks"].toArray().at(1).toObject()[u"state"].toString(), u"degraded"_s);
    }

    void findsDiversionsOfOtherPrograms()
    {
        const auto found = foreignDiversions("*mangle\n:PREROUTING ACCEPT [0:0]\n"
                                             "-A PREROUTING -p tcp -j TPROXY --on-port 7893\n"
                                             "-A X -p tcp -m comment --comment sluice -j TPROXY --on-port 12345\n"
                                             "-A X -p tcp -m comment --comment \"sluice: a\" -j REDIRECT\n"
                                             "-A PREROUTING -j ACCEPT\nCOMMIT\n");
        QCOMPARE(found.size(), std::size_t{1});
        QVERIFY(found[0].ends_with("7893"));
    }

    void findsRulesByMark()
    {
        const auto found = markRules("0:\tfrom all lookup local\n5210:\tfrom all fwmark 0x80000/0xff0000 lookup main\n"
                                     "32766:\tfrom all lookup main\n");
        QCOMPARE(found, std::vector<std::string>{"5210: from all fwmark 0x80000/0xff0000 lookup main"});
    }
};

QTEST_APPLESS_MAIN(TestDoctorCommand)
#include "tst_doctor_command.moc"
