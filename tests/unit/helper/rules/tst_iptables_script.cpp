// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "helper/rules/iptables_script.h"
#include "helper/rules/rule_builder.h"

#include <QTest>

using namespace sluice;
using namespace sluice::rules;

class TestIptablesScript : public QObject
{
    Q_OBJECT

    static IptablesTables safeTables()
    {
        plan::InterceptionPlan plan = plan::InterceptionPlan::safe();
        plan.mode = plan::Mode::Both;
        plan.tcpTproxyPort = 12345;
        return iptablesTables(buildRules(plan), Family::IPv4);
    }

    /// As iptables-save would print them, between rules of others.
    static std::string dumpOf(const IptablesTables &tables)
    {
        std::string text;
        for (const IptablesTable &table : tables) {
            text += "# Generated\n*" + table.name + "\n:PREROUTING ACCEPT [0:0]\n:OTHER - [0:0]\n";
            for (const IptablesChain &chain : table.chains)
                text += ":" + chain.name + " - [0:0]\n";
            text +=
                "-A PREROUTING -p tcp -j OTHER\n-A OTHER -d 10.0.0.0/8 -m comment --comment \"to SLUICE\" -j DROP\n";
            for (const IptablesHookRule &hook : table.hookRules)
                text += "-A " + hook.chain + " " + hook.rule + "\n";
            for (const IptablesChain &chain : table.chains) {
                for (const std::string &rule : chain.rules)
                    text += "-A " + chain.name + " " + rule + "\n";
            }
            text += "COMMIT\n";
        }
        return text;
    }

private slots:
    void findsOnlyItsOwnPartInADump()
    {
        const IptablesTables found = parseIptablesSave(dumpOf(safeTables()), "SLUICE", {});
        QVERIFY(haveSameShape(found, safeTables()));
        QVERIFY(parseIptablesSave(dumpOf({}), "SLUICE", {}).empty());
        QVERIFY(parseIptablesSave("-A SLUICE -j RETURN\n*", "SLUICE", {}).empty());
    }

    void noticesAMissingAnExtraAndAMovedRule()
    {
        IptablesTables changed = safeTables();
        changed[0].chains[1].rules.pop_back();
        QVERIFY(!haveSameShape(changed, safeTables()));
        changed = safeTables();
        changed[0].hookRules.push_back(changed[0].hookRules[0]);
        QVERIFY(!haveSameShape(changed, safeTables()));
        changed = safeTables();
        std::swap(changed[0].chains[1].rules[0], changed[0].chains[1].rules[1]);
        QVERIFY(!haveSameShape(changed, safeTables()));
    }

    void refillsChainsThatStay()
    {
        const IptablesTables tables = safeTables();
        const std::string text = iptablesTransition(tables, tables);
        QVERIFY(text.find("-X ") == std::string::npos);
        QVERIFY(text.find(":SLUICE_LOCAL - [0:0]\n") != std::string::npos);
        // Each jump is taken away once and put back once.
        for (const std::string verb : {"-D PREROUTING ", "-A PREROUTING "}) {
            const std::string jump = verb + "-p tcp -m comment --comment sluice -j SLUICE\n";
            const std::size_t first = text.find(jump);
            QVERIFY(first != std::string::npos);
            QVERIFY(text.find(jump, first + 1) == std::string::npos);
        }
    }

    void takesEverythingAway()
    {
        const std::string text = iptablesTransition(safeTables(), {});
        QVERIFY(text.find("\n-A ") == std::string::npos);
        for (const char *chain : {"-X SLUICE\n", "-X SLUICE_LOCAL\n", "-X SLUICE_DIVERT\n"})
            QVERIFY(text.find(chain) != std::string::npos);
        QVERIFY(iptablesTransition({}, {}).empty());
    }

    void recognisesRulesWithoutAChainByTheirText()
    {
        plan::InterceptionPlan plan = plan::InterceptionPlan::exact();
        plan.tcpRedirectPort = 12345;
        plan.mode = plan::Mode::Local;
        const IptablesTables tables = iptablesTables(buildRules(plan), Family::IPv4);
        QCOMPARE(tables.size(), std::size_t{1});
        QVERIFY(tables[0].chains.empty());
        QVERIFY(parseIptablesSave(dumpOf(tables), "SLUICE", {}).empty());
        QVERIFY(haveSameShape(parseIptablesSave(dumpOf(tables), "SLUICE", tables), tables));
    }

    void splitsQuotedWords()
    {
        const std::vector<std::string> expected{"-m", "comment", "--comment", "a b", "-j", "X"};
        QVERIFY(splitRule("-m comment --comment \"a b\" -j X") == expected);
        QVERIFY(splitRule("").empty());
    }
};

QTEST_APPLESS_MAIN(TestIptablesScript)
#include "tst_iptables_script.moc"
