// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "helper/apply/process_runner.h"

#include <QTest>

using namespace sluice;
using namespace sluice::apply;

class TestProcessRunner : public QObject
{
    Q_OBJECT

    ProcessRunner m_runner{{"/usr/bin", "/bin"}};

private slots:
    void givesInputAndTakesBothOutputs()
    {
        const std::string input(300'000, 'x'); // more than a pipe holds
        const Result<CommandOutput> output = m_runner.run({"sh", "-c", "cat; echo bad >&2; exit 3"}, input, 1'000'000);
        QVERIFY(output);
        QCOMPARE(output->exitCode, 3);
        QVERIFY(output->output == input);
        QVERIFY(output->errors == "bad\n");
    }

    void ignoresAProgramThatDoesNotRead() { QVERIFY(m_runner.run({"true"}, std::string(300'000, 'x'))->isSuccess()); }

    void keepsWordsAsTheyAre()
    {
        QVERIFY(m_runner.run({"printf", "%s|", "a b", "$(id)", "*", "", "\n"})->output == "a b|$(id)|*||\n|");
    }

    void givesAnEmptyEnvironment()
    {
        qputenv("SLUICE_TEST_SECRET", "x");
        QVERIFY(m_runner.run({"env"})->output.empty());
    }

    void findsToolsOnlyInItsFolders()
    {
        QVERIFY(!ProcessRunner({"/nonexistent"}).has("sh"));
        const Result<CommandOutput> output = ProcessRunner({"/nonexistent"}).run({"sh"});
        QVERIFY(!output);
        QVERIFY(output.error().code == ErrorCode::NotFound);
    }

    void stopsAProgramThatHangs()
    {
        ProcessRunner runner({"/usr/bin", "/bin"}, std::chrono::milliseconds(100));
        const Result<CommandOutput> output = runner.run({"sleep", "60"});
        QVERIFY(!output);
        QVERIFY(output.error().code == ErrorCode::Timeout);
    }

    void stopsAProgramThatPrintsWithoutEnd()
    {
        const Result<CommandOutput> output = m_runner.run({"yes"});
        QVERIFY(!output);
        QVERIFY(output.error().code == ErrorCode::Exhausted);
    }

    void tellsASignal() { QCOMPARE(m_runner.run({"sh", "-c", "kill -9 $$"})->exitCode, 128 + 9); }
};

QTEST_APPLESS_MAIN(TestProcessRunner)
#include "tst_process_runner.moc"
