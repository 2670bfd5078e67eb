// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/interception/plan_from_config.h"

#include <QTest>

using namespace sluice;
using namespace sluice::config;
using namespace sluice::interception;
using namespace sluice::plan;

class TestPlanFromConfig : public QObject
{
    Q_OBJECT

    static ServiceConfig service(const std::string &type, const std::string &addr)
    {
        ServiceConfig service;
        service.name = "service-" + type;
        service.addr = addr;
        service.handler.type = service.listener.type = type;
        return service;
    }

    static ServiceConfig tproxy(const std::string &addr)
    {
        ServiceConfig red = service("red", addr);
        red.listener.metadata.set("tproxy", {std::string("true")});
        return red;
    }

    static ChainConfig chain(const std::vector<std::string> &firstHop, std::optional<std::uint32_t> mark = {})
    {
        ChainConfig chain;
        HopConfig &first = chain.hops.emplace_back();
        first.mark = mark;
        for (const std::string &addr : firstHop)
            first.nodes.emplace_back().addr = addr;
        chain.hops.emplace_back().nodes.emplace_back().addr = "192.0.2.99:99";
        return chain;
    }

    static QByteArray errorOf(const Config &config, const PlanOptions &options)
    {
        const Result<InterceptionPlan> plan = planFromConfig(config, options);
        return plan ? QByteArray() : QByteArray::fromStdString(plan.error().message);
    }

private slots:
    void findsTheListeners()
    {
        Config config;
        config.services = {service("relay", ":8420"), tproxy(":12345"), service("redu", ":12346")};
        const Result<InterceptionPlan> plan = planFromConfig(config, {});
        QVERIFY(plan);
        QVERIFY(plan->tcpTproxyPort == std::uint16_t{12345});
        QVERIFY(plan->udpTproxyPort == std::uint16_t{12346});
        QVERIFY(!plan->tcpRedirectPort);
        for (const char *type : {"red", "redir", "redirect"}) {
            config.services = {service(type, ":1")};
            QVERIFY(planFromConfig(config, {})->tcpRedirectPort == std::uint16_t{1});
        }
    }

    void returnsEveryMarkOfTheConfiguration()
    {
        Config config;
        config.services = {service("red", ":1")};
        config.services[0].mark = 100;
        config.chains = {chain({"h:1"}, 101), chain({"h:1"})};
        config.chains[1].hops[1].nodes[0].mark = 102;
        config.chains[1].hops[0].mark = 100;
        PlanOptions options;
        options.guardMark = guardMark(Flavour::Safe);
        const std::vector<Mark> safe{{0x3000, 0x3000}, {100}, {101}, {102}};
        QVERIFY(planFromConfig(config, options)->egressMarks == safe);
        options.flavour = Flavour::Exact;
        options.guardMark = std::nullopt;
        const std::vector<Mark> exact{{100}, {101}, {102}};
        QVERIFY(planFromConfig(config, options)->egressMarks == exact);
    }

    void leavesOutTheProxiesThatAreDialledFromHere()
    {
        Config config;
        config.services = {service("red", ":1")};
        config.chains = {chain({"192.0.2.1:1080", "[2001:db8::1]:443", "proxy.example:8080", "192.0.2.1:1080"})};
        const std::vector<Endpoint> expected{*Endpoint::parse("192.0.2.1:1080"), *Endpoint::parse("[2001:db8::1]:443")};
        QVERIFY(planFromConfig(config, {})->upstreams == expected);
    }

    void followsTheRecipeWithoutMarks()
    {
        Config config;
        config.services = {service("red", ":12345")};
        config.chains = {chain({"192.0.2.1:1080", "proxy.example:1080", "proxy.example:12345"})};
        PlanOptions options;
        options.flavour = Flavour::Exact;
        options.mode = Mode::Local;
        const Result<InterceptionPlan> plan = planFromConfig(config, options);
        QVERIFY(plan);
        QVERIFY(plan->usesPortRecipe());
        QVERIFY(plan->exceptPorts == std::vector<std::uint16_t>{1080});
    }

    void refusesWhatCannotBeIntercepted()
    {
        Config config;
        QVERIFY(errorOf(config, {}).contains("no service"));
        config.services = {service("red", ":0")};
        QVERIFY(errorOf(config, {}).contains("fixed port"));
        config.services = {service("red", ":1"), tproxy(":2")};
        QVERIFY(errorOf(config, {}).contains("keep one"));
        config.services = {service("red", "0.0.0.0:1")};
        QVERIFY(errorOf(config, {}).contains("IPv4 only"));
        PlanOptions options;
        options.families = Families::IPv4;
        QCOMPARE(errorOf(config, options), QByteArray());
        config.services = {tproxy(":1")};
        config.services[0].mark = 0x1001;
        QVERIFY(errorOf(config, {}).contains("so_mark"));
    }

    void usesAttachedNetworksInTheSafeFlavourOnly()
    {
        Config config;
        config.services = {service("red", ":1")};
        PlanOptions options;
        options.attachedNetworks = {*Cidr::parse("198.51.100.0/24")};
        QVERIFY(planFromConfig(config, options)->attachedNetworks == options.attachedNetworks);
        options.flavour = Flavour::Exact;
        QVERIFY(planFromConfig(config, options)->attachedNetworks.empty());
    }
};

QTEST_APPLESS_MAIN(TestPlanFromConfig)
#include "tst_plan_from_config.moc"
