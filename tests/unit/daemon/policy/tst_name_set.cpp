// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/policy/name_set.h"

#include <QTest>

#include <string>

using namespace sluice::policy;

class TestNameSet : public QObject
{
    Q_OBJECT

private slots:
    void matchesGlobs()
    {
        QVERIFY(matchesGlob("", ""));
        QVERIFY(!matchesGlob("", "a"));
        QVERIFY(matchesGlob("*", ""));
        QVERIFY(matchesGlob("**", "abc"));
        QVERIFY(matchesGlob("a*c", "ac"));
        QVERIFY(matchesGlob("a*c", "abcbc"));
        QVERIFY(!matchesGlob("a*c", "abcb"));
        QVERIFY(matchesGlob("*b?d*", "aabcd"));
        QVERIFY(!matchesGlob("?", ""));
        QVERIFY(!matchesGlob("abc", "ab"));
        QVERIFY(!matchesGlob("ab", "abc"));
    }

    void staysQuickOnHostilePatterns()
    {
        std::string pattern;
        for (int i = 0; i < 100; ++i)
            pattern += "a*";
        QVERIFY(!matchesGlob(pattern + "b", std::string(253, 'a'))); // a recursive matcher would not come back
    }

    void foldsNames()
    {
        QCOMPARE(foldName(" A.Test. \r\n"), std::string("a.test"));
        QCOMPARE(foldName("."), std::string("."));
        QCOMPARE(foldName(" \t"), std::string());
    }

    void visitsParentsFromNearest()
    {
        NameMap<int> map{{"b.c", 1}, {"c", 2}, {"a.b.c", 3}};
        std::string order;
        const auto visit = [&order](int value) {
            order += std::to_string(value);
            return value == 2;
        };
        QVERIFY(forEachParent(map, "a.b.c", visit));
        QCOMPARE(order, std::string("12"));
        QVERIFY(!forEachParent(map, "c", visit));
    }
};

QTEST_APPLESS_MAIN(TestNameSet)
#include "tst_name_set.moc"
