// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
//
// Our conversions against what the real GOST printed (tests/golden/gost-urls, tests/golden/gost-files).
#include "daemon/config/loader.h"
#include "daemon/config/writer.h"

#include <QFile>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QTest>

using namespace sluice::config;

namespace {

struct Record
{
    QByteArray arguments; ///< as JSON, which is also the record's name
    QByteArray reason;    ///< of a deviation
    QByteArray output;
};

QByteArray fileBytes(const char *path)
{
    QFile file(QStringLiteral(SLUICE_GOLDEN "/") + QString::fromLatin1(path));
    return file.open(QIODevice::ReadOnly) ? file.readAll() : QByteArray();
}

/// The records of a file: "@ arguments", "# reason" directly behind it, output.
QList<Record> readRecords(const char *path)
{
    QList<Record> records;
    for (const QByteArray &line : fileBytes(path).split('\n')) {
        if (line.startsWith("@ "))
            records.append({line.mid(2), {}, {}});
        else if (!records.isEmpty() && records.last().output.isEmpty() && line.startsWith("# "))
            records.last().reason = line.mid(2);
        else if (!records.isEmpty())
            records.last().output += line + '\n';
    }
    if (!records.isEmpty())
        records.last().output.chop(1); // the piece behind the last line feed
    return records;
}

CommandLine commandLineOf(const QByteArray &json)
{
    CommandLine commandLine;
    const QJsonArray words = QJsonDocument::fromJson(json).array();
    for (qsizetype index = 0; index + 1 < words.size(); index += 2) {
        const std::string url = words[index + 1].toString().toStdString();
        (words[index].toString() == QLatin1String("-L") ? commandLine.services : commandLine.nodes).push_back(url);
    }
    return commandLine;
}

QByteArray firstError(const Issues &issues)
{
    for (const Issue &issue : issues) {
        if (issue.severity == Severity::Error)
            return QByteArray::fromStdString(issue.id);
    }
    return {};
}

QByteArray convert(const Document &document, const Issues &issues, bool toJson)
{
    if (hasErrors(issues))
        return "refused " + firstError(issues) + '\n';
    return QByteArray::fromStdString(toJson ? writeJson(document) : writeYaml(document));
}

} // namespace

class TestGostGolden : public QObject
{
    Q_OBJECT

private slots:
    void printsUrlsAsGostDoes_data()
    {
        QTest::addColumn<QByteArray>("gost");
        QTest::addColumn<QByteArray>("deviation");
        QHash<QByteArray, QByteArray> deviations;
        for (const Record &record : readRecords("gost-urls/deviations.txt")) {
            QVERIFY2(!record.reason.isEmpty(), record.arguments.constData());
            deviations.insert(record.arguments, record.output);
        }
        int known = 0;
        const QList<Record> records = readRecords("gost-urls/gost.txt");
        for (const Record &record : records) {
            known += deviations.contains(record.arguments) ? 1 : 0;
            QTest::newRow(record.arguments.constData()) << record.output << deviations.value(record.arguments);
        }
        QVERIFY(records.size() >= 400);
        QCOMPARE(known, deviations.size());
    }

    void printsUrlsAsGostDoes()
    {
        QFETCH(QByteArray, gost);
        QFETCH(QByteArray, deviation);
        Issues issues;
        const Document document = readCommandLine(commandLineOf(QTest::currentDataTag()), issues);
        const QByteArray ours = convert(document, issues, false);
        if (deviation.isEmpty() && gost == "refused\n")
            QVERIFY2(ours.startsWith("refused "), ours.constData());
        else
            QCOMPARE(ours, deviation.isEmpty() ? gost : deviation);
        QVERIFY(ours != deviation || ours != gost);
    }

    void printsFilesAsGostDoes_data()
    {
        QTest::addColumn<QJsonObject>("record");
        for (const QJsonValue &value : QJsonDocument::fromJson(fileBytes("gost-files/gost.json")).array())
            QTest::newRow(qPrintable(value[QLatin1String("name")].toString())) << value.toObject();
    }

    void printsFilesAsGostDoes()
    {
        QFETCH(QJsonObject, record);
        const auto text = [&record](const char *key) { return record[QLatin1String(key)].toString().toUtf8(); };
        Issues issues;
        const Document document =
            readText(text("input").toStdString(), record[QLatin1String("file")].toString().toStdString(), issues);
        for (const char *format : {"yaml", "json"}) {
            const QString own = QStringLiteral("sluice-") + QLatin1String(format);
            const QByteArray ours = convert(document, issues, qstrcmp(format, "json") == 0);
            if (record.contains(own)) {
                QVERIFY(!text("why").isEmpty());
                QCOMPARE(ours, record[own].toString().toUtf8());
                QVERIFY(ours != text(format));
            } else if (record[QLatin1String(format)].isNull()) {
                QVERIFY2(ours.startsWith("refused "), ours.constData());
            } else {
                QCOMPARE(ours, text(format));
            }
        }
    }

    void whatWasWrittenReadsAsTheSame_data()
    {
        QTest::addColumn<QByteArray>("input");
        for (const Record &record : readRecords("gost-urls/gost.txt"))
            QTest::newRow(record.arguments.constData()) << QByteArray();
        for (const QJsonValue &value : QJsonDocument::fromJson(fileBytes("gost-files/gost.json")).array())
            QTest::newRow(qPrintable(value[QLatin1String("name")].toString()))
                << value[QLatin1String("input")].toString().toUtf8();
    }

    void whatWasWrittenReadsAsTheSame()
    {
        QFETCH(QByteArray, input);
        const QByteArray name(QTest::currentDataTag());
        const bool isUrl = name.startsWith('[');
        Issues issues;
        const Document read =
            isUrl ? readCommandLine(commandLineOf(name), issues) : readText(input.toStdString(), "test.yaml", issues);
        if (hasErrors(issues))
            return;
        if (name.contains("direct://") || name.contains("virtual://"))
            return; // in a file, a hop without nodes is a reference
        const LoadResult first =
            isUrl ? loadCommandLine(commandLineOf(name)) : loadText(input.toStdString(), "test.yaml");
        const LoadResult lower = loadText(writeYaml(read), "first.yaml");
        const std::string yaml = writeYaml(lower.document);
        QCOMPARE(writeYaml(loadText(yaml, "second.yaml").document), yaml);
        QCOMPARE(writeJson(loadText(yaml, "second.yaml").document), writeJson(lower.document));
        if (name != "whole numbers with a fraction") // GOST prints 1.0 as 1, which is an integer
            QVERIFY(loadText(yaml, "second.yaml").config == first.config);
    }
};

QTEST_APPLESS_MAIN(TestGostGolden)
#include "tst_gost_golden.moc"
