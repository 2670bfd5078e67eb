// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
//
// Files that were made to hurt, and the words that GOST's YAML reads in its own way.
#include "daemon/config/yaml_reader.h"

#include "daemon/config/loader.h"

#include <QElapsedTimer>
#include <QTest>

using namespace sluice::config;

namespace {

struct Read
{
    bool isRead = false;
    Document document;
    Issues issues;
};

Read read(std::string_view text, Syntax syntax = Syntax::Yaml)
{
    Read result;
    result.document.files = {"test"};
    result.isRead = readYaml(text, 0, syntax, result.document, result.issues);
    return result;
}

QByteArray firstId(const Read &result)
{
    return result.issues.empty() ? QByteArray() : QByteArray::fromStdString(result.issues[0].id);
}

} // namespace

class TestYamlReader : public QObject
{
    Q_OBJECT

private slots:
    void refusesAliasBombsQuickly()
    {
        std::string bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n";
        for (int level = 1; level < 9; ++level) {
            const std::string before = "*a" + std::to_string(level - 1);
            bomb += "a" + std::to_string(level) + ": &a" + std::to_string(level) + " [" + before;
            for (int count = 1; count < 9; ++count)
                bomb += ", " + before;
            bomb += "]\n";
        }
        QElapsedTimer timer;
        timer.start();
        const Read result = read(bomb);
        QVERIFY(!result.isRead);
        QCOMPARE(firstId(result), QByteArray("too-many-values"));
        QVERIFY2(timer.elapsed() < 1000, qPrintable(QString::number(timer.elapsed())));
    }

    void refusesCycles()
    {
        QCOMPARE(firstId(read("a: &x {b: *x}")), QByteArray("yaml-cycle"));
        QCOMPARE(firstId(read("a: &x [*x]")), QByteArray("yaml-cycle"));
        QVERIFY(read("a: &x {b: 1}\nc: *x\n").isRead);
    }

    void refusesDeepNesting()
    {
        QVERIFY(read(std::string(64, '[') + std::string(64, ']')).isRead);
        QCOMPARE(firstId(read(std::string(65, '[') + std::string(65, ']'))), QByteArray("too-deep"));
        QVERIFY(!read(std::string(500'000, '[')).isRead);
        QVERIFY(!read(std::string(500'000, '{')).isRead);
        std::string aliases = "a0: &a0 [x]\n";
        for (int level = 1; level < 80; ++level)
            aliases += "a" + std::to_string(level) + ": &a" + std::to_string(level) + " [*a" +
                       std::to_string(level - 1) + "]\n";
        QCOMPARE(firstId(read(aliases)), QByteArray("too-deep"));
    }

    void refusesDuplicateKeysWithBothLines()
    {
        const Read result = read("a: 1\nb: 2\na: 3\n");
        QVERIFY(!result.isRead);
        QCOMPARE(QByteArray::fromStdString(result.issues[0].toString()),
                 QByteArray("test:3:1: error: the key \"a\" is there twice; the first is in line 1 (duplicate-key)"));
    }

    void refusesBytesThatAreNoText_data()
    {
        QTest::addColumn<QByteArray>("text");
        QTest::addColumn<QByteArray>("id");
        QTest::newRow("larger than 1 MiB") << QByteArray(1024 * 1024 + 1, '#') << QByteArray("too-large");
        QTest::newRow("NUL") << QByteArray("a: \0b", 5) << QByteArray("nul-byte");
        QTest::newRow("NUL in quotes") << QByteArray("a: \"x\0y\"", 8) << QByteArray("nul-byte");
        QTest::newRow("NUL by an escape") << QByteArray("a: \"x\\0y\"") << QByteArray("nul-byte");
        QTest::newRow("Latin-1") << QByteArray("a: b\xfc") << QByteArray("not-utf8");
        QTest::newRow("overlong") << QByteArray("a: \xc0\x80") << QByteArray("not-utf8");
        QTest::newRow("surrogate") << QByteArray("a: \xed\xa0\x80") << QByteArray("not-utf8");
        QTest::newRow("cut off") << QByteArray("a: \xe2\x82") << QByteArray("not-utf8");
        QTest::newRow("UTF-16") << QByteArray("\xff\xfe"
                                              "a\0",
                                              4)
                                << QByteArray("not-utf8");
        QTest::newRow("quote that is not closed") << QByteArray("a: \"b\nc: d\n") << QByteArray("yaml-syntax");
        QTest::newRow("single quote that is not closed") << QByteArray("a: 'it''s\n") << QByteArray("yaml-syntax");
        QTest::newRow("tagged quote that is not closed") << QByteArray("a: !!str \"b\n") << QByteArray("yaml-syntax");
        QTest::newRow("tab for indent") << QByteArray("a:\n\tb: c\n") << QByteArray("yaml-syntax");
        QTest::newRow("map as key") << QByteArray("? {a: b}\n: c\n") << QByteArray("yaml-key");
        QTest::newRow("open bracket") << QByteArray("a: [b\n") << QByteArray("yaml-syntax");
    }

    void refusesBytesThatAreNoText()
    {
        QFETCH(QByteArray, text);
        QFETCH(QByteArray, id);
        const Read result = read(std::string_view(text.constData(), std::size_t(text.size())));
        QVERIFY(!result.isRead);
        QCOMPARE(firstId(result), id);
    }

    void readsWhatEditorsLeaveBehind()
    {
        QVERIFY(read("\xef\xbb\xbf"
                     "a: 1\r\nb: \"x\"\r\n")
                    .document.root == read("a: 1\nb: x\n").document.root);
        QVERIFY(read("").isRead);
        QVERIFY(read("# nothing\n").isRead);
        QCOMPARE(firstId(read("a: 1\n---\nb: 2\n")), QByteArray("second-document"));
    }

    void keepsPlacesAndOrder()
    {
        const Read result = read("z: 1\na:\n  - b: x\n");
        QCOMPARE(result.document.root.map()->at(0).key, std::string("z"));
        const Value &x = *result.document.root.find("a")->list()->at(0).find("b");
        QCOMPARE(x.position.line, 3);
        QCOMPARE(x.position.column, 8);
    }

    void mergesMaps()
    {
        const Read result = read("a: &a {x: 1, y: 2}\nb: {<<: *a, y: 3}\nc: {<<: [{z: 1}, *a]}\n");
        QVERIFY(*result.document.root.find("b")->find("x") == Value(std::int64_t{1}));
        QVERIFY(*result.document.root.find("b")->find("y") == Value(std::int64_t{3}));
        QVERIFY(*result.document.root.find("c")->find("z") == Value(std::int64_t{1}));
        QCOMPARE(firstId(read("a: {<<: 5}\n")), QByteArray("yaml-merge"));
    }

    void typesWordsAsGostDoes_data()
    {
        QTest::addColumn<QByteArray>("word");
        QTest::addColumn<QByteArray>("kind");
        const auto row = [](const char *word, const char *kind) {
            QTest::newRow(word) << QByteArray(word) << QByteArray(kind);
        };
        for (const char *text : {"yes", "on", "no", "off", "y", "1e400", "0x", "abc", "1:30", "'1'", "\"true\""})
            row(text, "text");
        for (const char *boolean : {"true", "True", "FALSE"})
            row(boolean, "boolean");
        for (const char *null : {"~", "null", "Null"})
            row(null, "null");
        row("010", "integer 8");
        row("0x64", "integer 100");
        row("0o17", "integer 15");
        row("0b11", "integer 3");
        row("1_000", "integer 1000");
        row("-5", "integer -5");
        row("9223372036854775807", "integer 9223372036854775807");
        for (const char *number : {"1.5", "1e3", ".5", "09", "9223372036854775808", ".inf"})
            row(number, "float");
    }

    void typesWordsAsGostDoes()
    {
        QFETCH(QByteArray, word);
        QFETCH(QByteArray, kind);
        const Read result = read("a: " + word.toStdString() + "\n");
        QVERIFY(result.isRead);
        const Value &value = *result.document.root.find("a");
        const QByteArray seen = value.text() != nullptr      ? QByteArray("text")
                                : value.boolean() != nullptr ? QByteArray("boolean")
                                : value.number() != nullptr  ? QByteArray("float")
                                : value.integer() != nullptr
                                    ? "integer " + QByteArray::number(qlonglong(*value.integer()))
                                    : QByteArray("null");
        QCOMPARE(seen, kind);
    }

    void refusesPortsThatAreNone()
    {
        for (const char *port : {"65536", "-1", "1e3", "0x50", "http", "080808"}) {
            const Issues issues =
                loadText("services: [{name: s, addr: ':" + std::string(port) + "'}]", "t.yaml").issues;
            QVERIFY2(hasErrors(issues), port);
        }
        QVERIFY(!hasErrors(loadText("services: [{name: s, addr: ':65535'}]", "t.yaml").issues));
    }

    void limitsNumbers()
    {
        const auto idsOf = [](const std::string &field) {
            QByteArray ids;
            for (const Issue &issue : loadText("chains: [{name: c, hops: [{name: h, selector: {" + field +
                                                   "}, nodes: [{name: n, addr: 'a:1'}]}]}]",
                                               "t.yaml")
                                          .issues)
                ids += QByteArray::fromStdString(issue.id) + ' ';
            return ids;
        };
        QCOMPARE(idsOf("failTimeout: 5s"), QByteArray());
        QCOMPARE(idsOf("failTimeout: 1h30m"), QByteArray());
        QCOMPARE(idsOf("failTimeout: 5"), QByteArray("duration-unit "));
        QCOMPARE(idsOf("failTimeout: 9999999999999h"), QByteArray("bad-duration "));
        QCOMPARE(idsOf("maxFails: 99999999999999999999"), QByteArray("bad-integer "));
        QCOMPARE(idsOf("maxFails: three"), QByteArray("bad-integer "));
        QCOMPARE(idsOf("maxFails: [3]"), QByteArray("wrong-type "));
    }
};

QTEST_APPLESS_MAIN(TestYamlReader)
#include "tst_yaml_reader.moc"
