// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "helper/apply/applied_journal.h"
#include "helper/rules/rule_builder.h"

#include <QTemporaryDir>
#include <QTest>

using namespace sluice;
using namespace sluice::apply;

class TestAppliedJournal : public QObject
{
    Q_OBJECT

    static AppliedJournal journal()
    {
        plan::InterceptionPlan plan = plan::InterceptionPlan::safe();
        plan.tcpTproxyPort = 1;
        plan.mode = plan::Mode::Both;
        const rules::RuleSet set = rules::buildRules(plan);
        AppliedJournal journal;
        journal.setOwnerToThisProcess();
        journal.iptables = "iptables-legacy";
        journal.ipRules = set.ipRules;
        journal.ipRules.push_back({Family::IPv6, {1}, false, 100, {}, {}});
        journal.routes = set.routes;
        journal.tables6 = {{"nat", {}, {{"OUTPUT", "-p tcp -m comment --comment \"sluice: a b\" -j DNAT", false}}}};
        return journal;
    }

private slots:
    void comesBackFromItsText()
    {
        const std::optional<AppliedJournal> back = AppliedJournal::parse(journal().toText());
        QVERIFY(back);
        QVERIFY(back->ipRules == journal().ipRules);
        QVERIFY(back->routes == journal().routes);
        QVERIFY(back->tables6 == journal().tables6);
        QVERIFY(back->tables4.empty());
        QVERIFY(back->toText() == journal().toText());
    }

    void refusesWhatItDidNotWrite()
    {
        const std::string header = "sluice applied rules 1\n";
        QVERIFY(AppliedJournal::parse(header));
        for (const std::string bad : {"", "sluice applied rules 2\n", "x\n"})
            QVERIFY(!AppliedJournal::parse(bad));
        for (const std::string line : {"iptables sh", "iptables ../x", "rule 5 1 1 0 - - -", "rule 4 1", "route 4 x -",
                                       "owner x", "flush", "rule 4 1 1 0 -x - -"})
            QVERIFY2(!AppliedJournal::parse(header + line + "\n"), line.c_str());
    }

    void knowsItsOwner()
    {
        AppliedJournal own = journal();
        QVERIFY(!own.isOwnedByAnotherLiveProcess());
        own.owner = ::getppid();
        QVERIFY2(!own.isOwnedByAnotherLiveProcess(), "the pid lives, but it began at another time");
        own.owner = 0;
        QVERIFY(!own.isOwnedByAnotherLiveProcess());
    }

    void survivesOnDiskUntilErased()
    {
        const QTemporaryDir folder;
        const Result<JournalFile> file = JournalFile::open(folder.filePath(QStringLiteral("run")).toStdString());
        QVERIFY(file);
        QVERIFY(!file->read());
        QVERIFY(file->write(journal()));
        QVERIFY(file->read()->toText() == journal().toText());
        QVERIFY(file->erase());
        QVERIFY(!file->read());
        QVERIFY(file->erase());
    }

    void locksOutASecond()
    {
        const QTemporaryDir folder;
        const Result<JournalFile> file = JournalFile::open(folder.path().toStdString());
        Result<UniqueFd> first = file->lock(std::chrono::milliseconds(0));
        QVERIFY(first);
        const Result<UniqueFd> second = file->lock(std::chrono::milliseconds(20));
        QVERIFY(!second);
        QVERIFY(second.error().code == ErrorCode::Timeout);
        first->reset();
        QVERIFY(file->lock(std::chrono::milliseconds(0)));
    }
};

QTEST_APPLESS_MAIN(TestAppliedJournal)
#include "tst_applied_journal.moc"
