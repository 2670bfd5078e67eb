// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/config/metadata.h"

#include <QTest>

using namespace sluice;
using namespace sluice::config;
using namespace std::chrono_literals;

namespace {

Metadata with(MetadataValue value)
{
    Metadata metadata;
    metadata.set("Key", std::move(value));
    return metadata;
}

MetadataValue text(const char *word)
{
    return {std::string(word)};
}

} // namespace

class TestMetadata : public QObject
{
    Q_OBJECT

private slots:
    void readsBooleansAsGoDoes()
    {
        for (const char *yes : {"1", "t", "T", "TRUE", "true", "True"})
            QVERIFY2(with(text(yes)).boolean({"key"}) == true, yes);
        for (const char *no : {"0", "f", "F", "FALSE", "false", "False"})
            QVERIFY2(with(text(no)).boolean({"key"}) == false, no);
        for (const char *bad : {"yes", "on", "tRUE", "", "2"})
            QVERIFY2(!with(text(bad)).boolean({"key"}), bad);
        QVERIFY(with({true}).boolean({"key"}) == true);
        QVERIFY(with({std::int64_t{2}}).boolean({"key"}) == true);
        QVERIFY(with({std::int64_t{0}}).boolean({"key"}) == false);
    }

    void readsIntegersAlsoInHexadecimal()
    {
        QVERIFY(with(text("100")).integer({"key"}) == 100);
        QVERIFY(with(text("-5")).integer({"key"}) == -5);
        QVERIFY(with(text("0x64")).integer({"key"}) == 100);
        QVERIFY(with({true}).integer({"key"}) == 1);
        QVERIFY(with({100.0}).integer({"key"}) == 100); // a number in JSON
        for (const char *bad : {"", "abc", "1e3", "0x", "0xg", "1 ", "99999999999999999999"})
            QVERIFY2(!with(text(bad)).integer({"key"}), bad);
        QVERIFY(!with({1.5}).integer({"key"}));
    }

    void readsBareDurationsAsSeconds()
    {
        QVERIFY(with({std::int64_t{5}}).duration({"key"}) == 5s);
        QVERIFY(with(text("5")).duration({"key"}) == 5s);
        QVERIFY(with(text("5s")).duration({"key"}) == 5s);
        QVERIFY(with(text("1h30m")).duration({"key"}) == 90min);
        QVERIFY(with(text("-1s")).duration({"key"}) == -1s);
        QVERIFY(with(text("300ms")).duration({"key"}) == 300ms);
        for (const char *bad : {"abc", "", "5 s", "99999999999", "9999999999999h"})
            QVERIFY2(!with(text(bad)).duration({"key"}), bad);
        QVERIFY(!with({true}).duration({"key"}));
        QVERIFY(!with({std::int64_t{10'000'000'000}}).duration({"key"})); // more than 64 bits of nanoseconds
    }

    void printsScalarsAsText()
    {
        QCOMPARE(*with({std::int64_t{100}}).string({"key"}), std::string("100"));
        QCOMPARE(*with({1e6}).string({"key"}), std::string("1000000"));
        QCOMPARE(*with({false}).string({"key"}), std::string("false"));
        QVERIFY(!with({MetadataValue::List{}}).string({"key"}));
    }

    void takesListsOnlyWhereListsAreWanted()
    {
        QVERIFY(!with(text("one")).strings({"key"}));
        const auto list = with({MetadataValue::List{text("a"), {std::int64_t{1}}, text("b")}}).strings({"key"});
        QVERIFY(list == std::vector<std::string>({"a", "b"}));
        const auto map = with({MetadataValue::Map{{"a", {std::int64_t{1}}}, {"b", text("c")}}}).map({"key"});
        QVERIFY((map == std::map<std::string, std::string>{{"a", "1"}, {"b", "c"}}));
    }

    void firstAliasThatIsThereWinsEvenIfUnusable()
    {
        Metadata metadata;
        metadata.set("old", text("5s"));
        metadata.set("new", text("soon"));
        QVERIFY(metadata.duration({"old", "new"}) == 5s);
        QVERIFY(!metadata.duration({"new", "old"}));
        QVERIFY(metadata.duration({"gone", "old"}) == 5s);
    }

    void ignoresCaseButNotDots()
    {
        Metadata metadata;
        metadata.set("Sniffing.Timeout", text("5s"));
        QVERIFY(metadata.duration({"sniffing.timeout"}) == 5s);
        QVERIFY(metadata.contains("SNIFFING.timeout"));
        QVERIFY(!metadata.contains("sniffing"));
    }
};

QTEST_APPLESS_MAIN(TestMetadata)
#include "tst_metadata.moc"
