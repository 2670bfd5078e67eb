// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/cli/playground_command.h"

#include <QTest>
#include <algorithm>
#include <set>

using namespace sluice;
using namespace sluice::cli;

class TestPlaygroundCommand : public QObject
{
    Q_OBJECT

private slots:
    void withoutArgumentsItIsTheTutorial()
    {
        const auto parsed = parse({});
        QVERIFY(parsed.hasValue());
        QCOMPARE(parsed->setups.size(), std::size_t{1});
        QCOMPARE(parsed->setups[0].arguments, (lab::Arguments{"-L", "red://:12345?tproxy=true&sniffing=true", "-F",
                                                              "relay://10.0.10.1:8420?so_mark=100"}));
        QVERIFY(parsed->setups[0].mode == lab::Mode::Gateway);
        QVERIFY(parsed->setups[0].mustSniff);
        QVERIFY(!parsed->keep && !parsed->json && !parsed->tutorialRules && !parsed->cleanOnly);
    }

    void urlsGoToTheDaemonInTheirOrder()
    {
        const auto parsed =
            parse({"-L", "red://:1", "-F", "http://a:1", "--mode", "both", "-F", "http://b:2", "--json"});
        QVERIFY(parsed.hasValue());
        QCOMPARE(parsed->setups[0].arguments,
                 (lab::Arguments{"-L", "red://:1", "-F", "http://a:1", "-F", "http://b:2"}));
        QVERIFY(parsed->setups[0].mode == lab::Mode::Both);
        QVERIFY(!parsed->setups[0].isTproxy);
        QVERIFY(!parsed->setups[0].mustSniff);
        QVERIFY(parsed->json);
    }

    void aFileIsNamedByItsFullPath()
    {
        const auto parsed = parse({"-f", "a.yaml"});
        QVERIFY(parsed.hasValue());
        QCOMPARE(parsed->setups[0].arguments[0], std::string("-C"));
        QVERIFY(parsed->setups[0].arguments[1].starts_with("/"));
        QVERIFY(parsed->setups[0].arguments[1].ends_with("/a.yaml"));
    }

    void allIsTheWholeMatrix()
    {
        const auto parsed = parse({"--all"});
        QVERIFY(parsed.hasValue());
        std::set<std::string> names;
        for (const lab::Setup &setup : parsed->setups)
            names.insert(setup.name);
        QCOMPARE(names.size(), std::size_t{2 * 2 * 4});
        QVERIFY(names.contains("REDIRECT gateway direct"));
        QVERIFY(names.contains("TPROXY local socks5"));
    }

    void refusesWhatMakesNoSense_data()
    {
        QTest::addColumn<QList<QByteArray>>("words");
        QTest::addColumn<QByteArray>("named");
        QTest::newRow("unknown option") << QList<QByteArray>{"--fast"} << QByteArray("--fast");
        QTest::newRow("bare word") << QList<QByteArray>{"up"} << QByteArray("up");
        QTest::newRow("unknown mode") << QList<QByteArray>{"--mode", "none"} << QByteArray("none");
        QTest::newRow("mode without value") << QList<QByteArray>{"--mode"} << QByteArray("--mode");
        QTest::newRow("node without service") << QList<QByteArray>{"-F", "http://a:1"} << QByteArray("-F");
        QTest::newRow("file and service") << QList<QByteArray>{"-f", "x", "-L", "red://:1"} << QByteArray("-f");
        QTest::newRow("matrix of one service") << QList<QByteArray>{"--all", "-L", "red://:1"} << QByteArray("--all");
        QTest::newRow("matrix in one mode") << QList<QByteArray>{"--all", "--mode", "local"} << QByteArray("--all");
    }

    void refusesWhatMakesNoSense()
    {
        QFETCH(QList<QByteArray>, words);
        QFETCH(QByteArray, named);
        std::vector<std::string> arguments;
        std::transform(words.begin(), words.end(), std::back_inserter(arguments),
                       [](const QByteArray &word) { return word.toStdString(); });
        const auto parsed = parsePlaygroundArguments(arguments);
        QVERIFY(!parsed.hasValue());
        QVERIFY2(parsed.error().message.find(named.toStdString()) != std::string::npos, parsed.error().message.c_str());
    }

private:
    static Result<PlaygroundArguments> parse(std::vector<std::string> words) { return parsePlaygroundArguments(words); }
};

QTEST_APPLESS_MAIN(TestPlaygroundCommand)
#include "tst_playground_command.moc"
