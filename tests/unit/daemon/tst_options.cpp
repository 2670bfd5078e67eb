// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/options.h"

#include <QTest>

using namespace sluice;
using Words = std::vector<std::string>;

Q_DECLARE_METATYPE(Words)

class TestOptions : public QObject
{
    Q_OBJECT

private slots:
    void readsGostsFlags()
    {
        const auto options = parseOptions(Words{"-L", "red://:1", "-L=redu://:2", "--L", "x://:3", "-F", "http://h:1", "-C", "a.yml",
                                                "-C=-", "-D", "-O", "json"});
        QVERIFY(options.hasValue());
        QCOMPARE(options->config.services, (Words{"red://:1", "redu://:2", "x://:3"}));
        QCOMPARE(options->config.nodes, (Words{"http://h:1"}));
        QCOMPARE(options->config.files, (Words{"a.yml", "-"}));
        QCOMPARE(options->debug, 1);
        QCOMPARE(*options->print, std::string("json"));
    }

    void keepsEqualsSignsOfUrls()
    {
        const auto options = parseOptions(Words{"-L", "red://:1?sniffing=true&tproxy=true", "-L=red://:2?a=b"});
        QVERIFY(options.hasValue());
        QCOMPARE(options->config.services, (Words{"red://:1?sniffing=true&tproxy=true", "red://:2?a=b"}));
    }

    void readsOurOwn()
    {
        const auto options = parseOptions(Words{"--rules", "both", "--flavour=exact", "--backend", "nftables", "--family", "4",
                                                "--intercept", "10.0.0.0/8,fd00::/8", "--drain", "1m", "--workers", "3"});
        QVERIFY(options.hasValue());
        QCOMPARE(options->rules, std::string("both"));
        QCOMPARE(options->flavour, std::string("exact"));
        QCOMPARE(options->backend, std::string("nftables"));
        QCOMPARE(options->families, std::string("4"));
        QCOMPARE(options->intercept.size(), std::size_t(2));
        QVERIFY(options->drain == std::chrono::minutes(1));
        QCOMPARE(options->workers, 3);
    }

    void refusesInOneSentence_data()
    {
        QTest::addColumn<Words>("words");
        QTest::addColumn<QByteArray>("sentence");
        QTest::newRow("unknown option") << Words{"--rulez"} << QByteArray("unknown argument '--rulez'; 'sluiced --help' lists the options");
        QTest::newRow("stray word") << Words{"red://:1"} << QByteArray("unknown argument 'red://:1'; 'sluiced --help' lists the options");
        QTest::newRow("no value") << Words{"-L"} << QByteArray("option -L needs a value");
        QTest::newRow("mode") << Words{"--rules", "x"} << QByteArray("option --rules is 'x'; it takes one of none, gateway, local, both");
        QTest::newRow("prefix") << Words{"--intercept", "10.0.0.0/8,y"} << QByteArray("option --intercept: 'y' is no prefix such as 10.0.10.0/24");
        QTest::newRow("duration") << Words{"--drain", "10"} << QByteArray("option --drain: '10' is no duration such as 10s");
        QTest::newRow("workers") << Words{"--workers", "0"} << QByteArray("option --workers: '0' is no number from 1 to 64");
    }

    void refusesInOneSentence()
    {
        QFETCH(Words, words);
        QFETCH(QByteArray, sentence);
        const auto options = parseOptions(words);
        QVERIFY(!options);
        QCOMPARE(QByteArray::fromStdString(options.error().message), sentence);
    }

    void namesEveryOptionInTheHelp()
    {
        for (const char *option : {"-L ", "-F ", "-C ", "-O ", "-D", "-V", "--rules", "--flavour", "--backend", "--family",
                                   "--intercept", "--drain", "--workers"})
            QVERIFY2(helpText().find(option) != std::string_view::npos, option);
    }
};

QTEST_APPLESS_MAIN(TestOptions)
#include "tst_options.moc"
