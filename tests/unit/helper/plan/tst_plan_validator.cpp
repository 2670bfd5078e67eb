// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "helper/plan/plan_validator.h"

#include <QTest>
#include <functional>

using namespace sluice;
using namespace sluice::plan;

class TestPlanValidator : public QObject
{
    Q_OBJECT

    static InterceptionPlan tproxyPlan(Flavour flavour)
    {
        InterceptionPlan plan = flavour == Flavour::Exact ? InterceptionPlan::exact() : InterceptionPlan::safe();
        plan.tcpTproxyPort = 12345;
        plan.udpTproxyPort = 12345;
        return plan;
    }

private slots:
    void acceptsTheDefaultsWithAListener()
    {
        QVERIFY(validate(tproxyPlan(Flavour::Safe)).empty());
        QVERIFY(validate(tproxyPlan(Flavour::Exact)).empty());
        InterceptionPlan plan = InterceptionPlan::exact();
        plan.tcpRedirectPort = 1;
        plan.egressMarks = {{100}};
        QVERIFY(validate(plan).empty());
    }

    void refusesWhatCannotWork_data()
    {
        QTest::addColumn<std::function<void(InterceptionPlan &)>>("change");
        const auto row = [](const char *name, std::function<void(InterceptionPlan &)> change) {
            QTest::newRow(name) << std::move(change);
        };
        row("no listener", [](auto &plan) { plan.tcpTproxyPort = plan.udpTproxyPort = std::nullopt; });
        row("port zero", [](auto &plan) { plan.udpTproxyPort = std::uint16_t{0}; });
        row("two ways for TCP", [](auto &plan) { plan.tcpRedirectPort = std::uint16_t{5}; });
        row("destination port zero", [](auto &plan) { plan.onlyPorts = {80, 0}; });
        row("mark zero", [](auto &plan) { plan.gatewayMark = {0, 0x3100}; });
        row("mark outside its mask", [](auto &plan) { plan.gatewayMark = {0x4000, 0x3100}; });
        row("marks overlap", [](auto &plan) { plan.localMark = {0x1000, 0x1000}; });
        row("egress mark holds the gateway mark", [](auto &plan) { plan.egressMarks = {{0x1064}}; });
        row("egress mark zero", [](auto &plan) { plan.egressMarks = {{0}}; });
        row("main table", [](auto &plan) { plan.routingTable = 254; });
        row("preference of the local table", [](auto &plan) { plan.rulePreference = 0U; });
        row("preference behind main", [](auto &plan) { plan.rulePreference = 32766U; });
        row("protocol of the kernel", [](auto &plan) { plan.routeProtocol = std::uint8_t{2}; });
        row("empty chain prefix", [](auto &plan) { plan.chainPrefix.clear(); });
        row("long chain prefix", [](auto &plan) { plan.chainPrefix = std::string(17, 'A'); });
        row("option as chain prefix", [](auto &plan) { plan.chainPrefix = "-F"; });
        row("newline in chain prefix", [](auto &plan) { plan.chainPrefix = "A\n-P"; });
        row("endless list", [](auto &plan) { plan.exceptUids.assign(513, 1); });
    }

    void refusesWhatCannotWork()
    {
        QFETCH(std::function<void(InterceptionPlan &)>, change);
        InterceptionPlan plan = tproxyPlan(Flavour::Safe);
        change(plan);
        QVERIFY(!validate(plan).empty());
    }

    void refusesInterfaceNamesThatAreNoNames_data()
    {
        QTest::addColumn<QByteArray>("name");
        QTest::addColumn<bool>("isAccepted");
        for (const char *good : {"lo", "eth0", "br-lan", "eth0.100", "wg_home", "veth@if3", "a:1", "fifteencharslen"})
            QTest::newRow(good) << QByteArray(good) << true;
        QTest::newRow("empty") << QByteArray() << false;
        QTest::newRow("option") << QByteArray("-j") << false;
        QTest::newRow("blank") << QByteArray("a b") << false;
        QTest::newRow("newline") << QByteArray("x\ny") << false;
        QTest::newRow("carriage return") << QByteArray("x\ry") << false;
        QTest::newRow("zero byte") << QByteArray("x\0y", 3) << false;
        QTest::newRow("path") << QByteArray("../../x") << false;
        QTest::newRow("wildcard") << QByteArray("eth+") << false;
        QTest::newRow("quote") << QByteArray("a\"b") << false;
        QTest::newRow("apostrophe") << QByteArray("a'b") << false;
        QTest::newRow("dollar") << QByteArray("$(id)") << false;
        QTest::newRow("semicolon") << QByteArray("a;b") << false;
        QTest::newRow("sixteen characters") << QByteArray("sixteencharslong") << false;
        QTest::newRow("not ASCII") << QByteArray("\xc3\xa4") << false;
    }

    void refusesInterfaceNamesThatAreNoNames()
    {
        QFETCH(QByteArray, name);
        QFETCH(bool, isAccepted);
        QCOMPARE(isInterfaceName(name.toStdString()), isAccepted);
        InterceptionPlan plan = tproxyPlan(Flavour::Safe);
        plan.exceptInterfaces = {name.toStdString()};
        QCOMPARE(validate(plan).empty(), isAccepted);
    }

    void keepsTheExactFlavourExact()
    {
        InterceptionPlan plan = tproxyPlan(Flavour::Exact);
        plan.interceptPrefixes = {*Cidr::parse("10.0.0.0/8")};
        QVERIFY(!validate(plan).empty());
        plan = tproxyPlan(Flavour::Exact);
        plan.egressMarks = {{1}};
        QVERIFY2(!validate(plan).empty(), "the tutorial's own mark on egress would loop");
    }
};

QTEST_APPLESS_MAIN(TestPlanValidator)
#include "tst_plan_validator.moc"
