// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/policy/file_list.h"

#include <QTemporaryDir>
#include <QTest>

#include <fstream>
#include <sys/stat.h>

using namespace sluice;
using namespace sluice::policy;

class TestFileList : public QObject
{
    Q_OBJECT

private slots:
    void trimsLinesAndDropsComments()
    {
        QCOMPARE(listLines("a\n  b \r\n# all comment\n\n\tc # rest\n#\n d"),
                 (std::vector<std::string>{"a", "b", "c", "d"}));
        QVERIFY(listLines("").empty());
        QVERIFY(listLines("\n\n").empty());
    }

    void readsFile()
    {
        const QTemporaryDir folder;
        const std::string path = folder.filePath(QStringLiteral("list")).toStdString();
        std::ofstream(path) << ".a.test\n10.0.0.0/8\n";
        const auto lines = readListFile(path);
        QVERIFY(lines);
        QCOMPARE(lines.value(), (std::vector<std::string>{".a.test", "10.0.0.0/8"}));
    }

    void namesFileThatIsMissing()
    {
        const QTemporaryDir folder;
        const std::string path = folder.filePath(QStringLiteral("missing")).toStdString();
        const auto lines = readListFile(path);
        QVERIFY(!lines);
        QCOMPARE(lines.error().code, ErrorCode::NotFound);
        QVERIFY(lines.error().message.find(path) != std::string::npos);
    }

    void doesNotTakeFolderForEmptyList()
    {
        const QTemporaryDir folder;
        QVERIFY(!readListFile(folder.path().toStdString()));
    }

    void doesNotWaitForPipe()
    {
        const QTemporaryDir folder;
        const std::string path = folder.filePath(QStringLiteral("pipe")).toStdString();
        QCOMPARE(::mkfifo(path.c_str(), 0600), 0);
        QVERIFY(!readListFile(path)); // nobody writes: it ends at once, or the test would hang
    }
};

QTEST_APPLESS_MAIN(TestFileList)
#include "tst_file_list.moc"
