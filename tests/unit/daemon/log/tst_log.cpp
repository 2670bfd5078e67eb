// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/log/log.h"

#include <QFile>
#include <QJsonDocument>
#include <QJsonObject>
#include <QRegularExpression>
#include <QTemporaryDir>
#include <QTest>
#include <thread>

using namespace sluice;
using log::Level;

class TestLog : public QObject
{
    Q_OBJECT

private:
    QTemporaryDir m_folder;

    [[nodiscard]] std::string path() const { return m_folder.filePath(QStringLiteral("log")).toStdString(); }

    [[nodiscard]] QList<QByteArray> lines() const
    {
        log::flush();
        QFile file(QString::fromStdString(path()));
        if (!file.open(QIODevice::ReadOnly))
            return {};
        QList<QByteArray> found = file.readAll().split('\n');
        found.removeLast(); // after the last line break
        return found;
    }

private slots:
    void init()
    {
        QFile::remove(QString::fromStdString(path()));
        log::configure({Level::Info, log::Format::Json, path()});
    }

    void writesGostsJson()
    {
        log::Entry(Level::Info, "hello").field("service", "s").field("inputBytes", std::uint64_t(5));
        const QList<QByteArray> all = lines();
        QCOMPARE(all.size(), 1);
        const QJsonObject entry = QJsonDocument::fromJson(all[0]).object();
        QCOMPARE(entry[QStringLiteral("msg")].toString(), QStringLiteral("hello"));
        QCOMPARE(entry[QStringLiteral("level")].toString(), QStringLiteral("info"));
        QCOMPARE(entry[QStringLiteral("service")].toString(), QStringLiteral("s"));
        QCOMPARE(entry[QStringLiteral("inputBytes")].toInt(), 5);
        const QRegularExpression rfc3339(QStringLiteral(R"(^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}(Z|[+-]\d\d:\d\d)$)"));
        QVERIFY(rfc3339.match(entry[QStringLiteral("time")].toString()).hasMatch());
    }

    void leavesOutWhatIsBelowTheLevel()
    {
        log::Entry(Level::Debug, "quiet");
        log::Entry(Level::Warn, "loud");
        QCOMPARE(lines().size(), 1);
    }

    void escapesWhatComesFromTheNetwork_data()
    {
        QTest::addColumn<QByteArray>("text");
        QTest::newRow("line break") << QByteArray("a\nb");
        QTest::newRow("escape sequence") << QByteArray("\x1b[31mred");
        QTest::newRow("quote and backslash") << QByteArray("\"\\");
        QTest::newRow("NUL") << QByteArray("a\0b", 3);
        QTest::newRow("C1 control") << QByteArray("\xc2\x9b" "31m");
        QTest::newRow("broken UTF-8") << QByteArray("\xff\xfe\xc0\xaf\xed\xa0\x80\xf4\x90\x80\x80");
        QTest::newRow("cut UTF-8") << QByteArray("\xe2\x82");
        QTest::newRow("good UTF-8") << QByteArray("\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80");
    }

    void escapesWhatComesFromTheNetwork()
    {
        QFETCH(QByteArray, text);
        for (const log::Format format : {log::Format::Json, log::Format::Text}) {
            log::configure({Level::Info, format, path()});
            log::Entry(Level::Info, text.toStdString()).field("host", text.toStdString());
        }
        const QList<QByteArray> all = lines();
        QCOMPARE(all.size(), 2);
        for (const QByteArray &line : all) {
            for (const char byte : line)
                QVERIFY(static_cast<unsigned char>(byte) >= 0x20 && byte != 0x7f);
            QCOMPARE(QString::fromUtf8(line).toUtf8(), line); // valid UTF-8 as a whole
            QVERIFY(!line.contains("\xc2\x9b"));
        }
        QVERIFY(QJsonDocument::fromJson(all[0]).isObject());
    }

    void keepsEntriesOfManyThreadsWhole()
    {
        std::vector<std::thread> threads;
        for (int i = 0; i < 4; ++i) {
            threads.emplace_back([] {
                for (int n = 0; n < 500; ++n)
                    log::Entry(Level::Info, "entry").field("n", n);
            });
        }
        for (std::thread &thread : threads)
            thread.join();
        const QList<QByteArray> all = lines();
        QCOMPARE(all.size(), 2000);
        for (const QByteArray &line : all)
            QVERIFY(QJsonDocument::fromJson(line).isObject());
    }

    void staysWhereItWasWhenTheFileCannotBeOpened()
    {
        log::configure({Level::Info, log::Format::Json, "/nonexistent/folder/log"});
        log::Entry(Level::Info, "still here");
        const QList<QByteArray> all = lines();
        QCOMPARE(all.size(), 2);
        QVERIFY(all[0].contains("cannot open the log file"));
        QVERIFY(all[1].contains("still here"));
    }

    void isOffWithNone()
    {
        log::configure({Level::Trace, log::Format::Json, "none"});
        QVERIFY(!log::isEnabled(Level::Fatal));
    }
};

QTEST_APPLESS_MAIN(TestLog)
#include "tst_log.moc"
