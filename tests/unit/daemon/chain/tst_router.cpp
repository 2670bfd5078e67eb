// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/chain/router.h"

#include <QTest>

using namespace sluice;
using chain::pickRoute;
using connector::Target;

class TestRouter : public QObject
{
    Q_OBJECT

private:
    static policy::BypassGroup bypass(std::vector<std::string> matchers, bool isWhitelist = false)
    {
        config::BypassConfig config;
        config.matchers = std::move(matchers);
        config.isWhitelist = isWhitelist;
        return policy::BypassGroup({std::make_shared<policy::Bypass>(config)});
    }

    static chain::Node node(const std::string &name)
    {
        chain::Node node;
        node.name = name;
        node.address = {"192.0.2.1", 1080};
        return node;
    }

    /// Two hops of two nodes: a0, a1 then b0, b1; first alive wins.
    static std::shared_ptr<chain::Chain> twoHops()
    {
        auto made = std::make_shared<chain::Chain>();
        made->name = "chain-0";
        for (const char *hopName : {"a", "b"}) {
            chain::Hop hop;
            hop.name = hopName;
            hop.strategy = chain::Strategy::Fifo;
            hop.nodes.push_back(node(hop.name + "0"));
            hop.nodes.push_back(node(hop.name + "1"));
            made->hops.push_back(std::move(hop));
        }
        return made;
    }

    static std::string route(const chain::ChainPtr &chain, const std::string &host, chain::TimePoint now = {})
    {
        const Target target{host, 443};
        const auto picked = pickRoute(chain, {target, *IpAddress::parse("10.0.0.1"), {}, now, 0});
        if (!picked)
            return "error: " + picked.error().message;
        std::string text;
        for (const chain::Node *chosen : picked->nodes)
            text += (text.empty() ? "" : " ") + chosen->name;
        return text.empty() ? "direct" : text;
    }

private slots:
    void goesDirectWithoutAChain() { QCOMPARE(route(nullptr, "x.test"), std::string("direct")); }

    void takesOneNodeOfEachHop()
    {
        QCOMPARE(route(twoHops(), "x.test"), std::string("a0 b0"));
    }

    void writesTheRouteLikeGost()
    {
        const Target target{"x.test", 443};
        const auto picked = pickRoute(twoHops(), {target, {}, {}, {}, 0});
        QCOMPARE(picked->toString(target), std::string("a0@192.0.2.1:1080 > b0@192.0.2.1:1080 > x.test:443"));
    }

    void aBypassOfTheFirstHopIsDirect()
    {
        auto made = twoHops();
        made->hops[0].bypass = bypass({".local.test", "10.0.0.0/8"});
        QCOMPARE(route(made, "a.local.test"), std::string("direct"));
        QCOMPARE(route(made, "10.1.2.3"), std::string("direct"));
        QCOMPARE(route(made, "x.test"), std::string("a0 b0"));
    }

    void aBypassOfTheSecondHopEndsAfterTheFirst()
    {
        auto made = twoHops();
        made->hops[1].bypass = bypass({".local.test"});
        QCOMPARE(route(made, "a.local.test"), std::string("a0"));
    }

    void aBypassOfANodeLeavesOnlyThatNodeOut()
    {
        auto made = twoHops();
        made->hops[0].nodes[0].bypass = bypass({"x.test"});
        QCOMPARE(route(made, "x.test"), std::string("a1 b0"));
        made->hops[0].nodes[1].bypass = bypass({"x.test"});
        QCOMPARE(route(made, "x.test"), std::string("direct"));
    }

    void failsClosedWhenNoNodeWantsIt()
    {
        auto made = twoHops();
        for (chain::Node &candidate : made->hops[0].nodes)
            candidate.matcher = std::move(*chain::Matcher::parse("Host(`only.test`)"));
        QCOMPARE(route(made, "only.test"), std::string("a0 b0"));
        QCOMPARE(route(made, "x.test"), std::string("error: chain chain-0: hop a has no usable node for x.test:443"));
        made->hops[0].nodes.clear();
        QVERIFY(route(made, "x.test").starts_with("error: "));
        made->hops.clear();
        QVERIFY(route(made, "x.test").starts_with("error: "));
    }

    void leavesFailedNodesOutUntilTheirTimeIsOver()
    {
        using namespace std::chrono_literals;
        auto made = twoHops();
        const chain::TimePoint start{1h};
        made->hops[0].nodes[0].health->recordFailure(start);
        QCOMPARE(route(made, "x.test", start + 1s), std::string("a1 b0"));
        QCOMPARE(route(made, "x.test", start + 11s), std::string("a0 b0"));
        made->hops[0].nodes[1].health->recordFailure(start);
        QCOMPARE(route(made, "x.test", start + 1s), std::string("a0 b0")); // the last resort
    }
};

QTEST_APPLESS_MAIN(TestRouter)
#include "tst_router.moc"
