// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
//
// The commands of each kind of plan against golden files. SLUICE_REGENERATE=1 writes them anew; read the diff.
#include "helper/plan/plan_validator.h"
#include "helper/rules/rule_builder.h"
#include "helper/rules/rule_preview.h"

#include <QFile>
#include <QTest>

using namespace sluice;
using namespace sluice::plan;
using namespace sluice::rules;

Q_DECLARE_METATYPE(sluice::plan::InterceptionPlan)

class TestRuleBuilder : public QObject
{
    Q_OBJECT

    static InterceptionPlan planFor(bool isExact, bool isTproxy)
    {
        InterceptionPlan plan = isExact ? InterceptionPlan::exact() : InterceptionPlan::safe();
        if (isTproxy)
            plan.tcpTproxyPort = plan.udpTproxyPort = std::uint16_t{12345};
        else
            plan.tcpRedirectPort = 12345;
        plan.egressMarks.push_back({100});
        if (!isExact)
            plan.upstreams = {*Endpoint::parse("192.0.2.1:1080"), *Endpoint::parse("[2001:db8::1]:443")};
        return plan;
    }

private slots:
    void printsTheGoldenCommands_data()
    {
        QTest::addColumn<InterceptionPlan>("plan");
        for (const bool isNft : {false, true}) {
            for (const bool isExact : {true, false}) {
                for (const bool isTproxy : {false, true}) {
                    for (const Mode mode : {Mode::Gateway, Mode::Local, Mode::Both}) {
                        for (const Families families : {Families::IPv4, Families::IPv6, Families::Both}) {
                            InterceptionPlan plan = planFor(isExact, isTproxy);
                            plan.backEnd = isNft ? BackEnd::Nftables : BackEnd::Iptables;
                            plan.mode = mode;
                            plan.families = families;
                            const QByteArray name = QByteArray(isNft ? "nftables" : "iptables") +
                                                    (isExact ? "-exact" : "-safe") +
                                                    (isTproxy ? "-tproxy" : "-redirect") +
                                                    (mode == Mode::Gateway ? "-gateway"
                                                     : mode == Mode::Local ? "-local"
                                                                           : "-both") +
                                                    (families == Families::IPv4   ? "-4"
                                                     : families == Families::IPv6 ? "-6"
                                                                                  : "-46");
                            QTest::newRow(name.constData()) << plan;
                        }
                    }
                }
            }
        }
        InterceptionPlan byPorts = planFor(true, false);
        byPorts.egressMarks.clear();
        byPorts.mode = Mode::Local;
        byPorts.exceptPorts = {1080};
        QTest::newRow("iptables-exact-redirect-without-mark") << byPorts;
        InterceptionPlan full = planFor(false, true);
        full.mode = Mode::Both;
        full.interceptPrefixes = {*Cidr::parse("10.0.10.0/24"), *Cidr::parse("fd00:10::/64")};
        full.bypassPrefixes = {*Cidr::parse("203.0.113.0/24"), *Cidr::parse("10.1.0.0/16")};
        full.attachedNetworks = {*Cidr::parse("198.51.100.0/24"), *Cidr::parse("2001:db8:5::/64")};
        full.engineUid = 990;
        full.onlyInterfaces = {"br-lan", "wlan0"};
        full.exceptInterfaces = {"wlan0"};
        full.onlyUids = {1000, 1001};
        full.exceptUids = {33};
        full.onlyPorts = {80, 443};
        for (std::uint16_t port = 1000; port < 1017; ++port)
            full.exceptPorts.push_back(port);
        QTest::newRow("iptables-safe-tproxy-all-options") << full;
        full.backEnd = BackEnd::Nftables;
        QTest::newRow("nftables-safe-tproxy-all-options") << full;
    }

    void printsTheGoldenCommands()
    {
        QFETCH(InterceptionPlan, plan);
        QVERIFY(validate(plan).empty());
        const QByteArray text = QByteArray::fromStdString(previewText(plan, Direction::Apply) + "# undo\n" +
                                                          previewText(plan, Direction::Undo));
        QFile file(QStringLiteral(SLUICE_GOLDEN_DIR "/") + QString::fromLatin1(QTest::currentDataTag()) +
                   QStringLiteral(".txt"));
        if (qEnvironmentVariableIsSet("SLUICE_REGENERATE")) {
            QVERIFY(file.open(QIODevice::WriteOnly));
            file.write(text);
            return;
        }
        QVERIFY2(file.open(QIODevice::ReadOnly), qPrintable(file.fileName()));
        QCOMPARE(text, file.readAll());
    }

    void tagsEverySafeRule()
    {
        for (const bool isTproxy : {false, true}) {
            InterceptionPlan plan = planFor(false, isTproxy);
            plan.mode = Mode::Both;
            for (const TableRules &table : buildRules(plan).tables) {
                for (const Chain &chain : table.chains) {
                    for (const Rule &rule : chain.rules)
                        QVERIFY(rule.comment.starts_with("sluice"));
                }
                for (const HookRule &hook : table.hookRules)
                    QVERIFY(hook.rule.comment.starts_with("sluice"));
            }
        }
    }

    void needsNoRoutingForRedirect()
    {
        const RuleSet rules = buildRules(planFor(false, false));
        QVERIFY(rules.ipRules.empty());
        QVERIFY(rules.routes.empty());
    }
};

QTEST_APPLESS_MAIN(TestRuleBuilder)
#include "tst_rule_builder.moc"
