// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
//
// Certificates for tests, made when they run so that they never expire in the tree. Needs the openssl tool.
#pragma once

#include <QFile>
#include <QProcess>
#include <QTemporaryDir>
#include <string>

namespace sluice::test {

/// In a folder of its own: ca.pem; good.pem (node.test, 192.0.2.1), subject.pem (the name in the subject only) and
/// expired.pem from it; selfsigned.pem; all with key.pem. otherkey.pem fits none.
class TestCertificates
{
public:
    TestCertificates()
    {
        m_isValid =
            m_folder.isValid() && write(QStringLiteral("names.cnf"), "subjectAltName=DNS:node.test,IP:192.0.2.1\n") &&
            write(QStringLiteral("plain.cnf"), "basicConstraints=CA:FALSE\n") && makeKey(QStringLiteral("key.pem")) &&
            makeKey(QStringLiteral("otherkey.pem")) &&
            openssl(QStringLiteral("req -x509 -key otherkey.pem -subj /CN=authority -days 30 -out ca.pem")) &&
            openssl(QStringLiteral("req -x509 -key key.pem -subj /CN=node.test -days 30 -out selfsigned.pem")) &&
            openssl(QStringLiteral("req -new -key key.pem -subj /CN=node.test -out request.pem")) &&
            sign(QStringLiteral("good.pem"), QStringLiteral("names.cnf"), 30) &&
            sign(QStringLiteral("subject.pem"), QStringLiteral("plain.cnf"), 30) &&
            sign(QStringLiteral("expired.pem"), QStringLiteral("names.cnf"), -1);
    }

    [[nodiscard]] bool isValid() const { return m_isValid; }
    [[nodiscard]] std::string path(const std::string &name) const
    {
        return m_folder.filePath(QString::fromStdString(name)).toStdString();
    }

private:
    bool write(const QString &name, const char *text)
    {
        QFile file(m_folder.filePath(name));
        return file.open(QIODevice::WriteOnly) && file.write(text) > 0;
    }
    bool makeKey(const QString &name)
    {
        return openssl(QStringLiteral("ecparam -name prime256v1 -genkey -noout -out ") + name);
    }
    bool sign(const QString &name, const QString &extensions, int days)
    {
        return openssl(
            QStringLiteral("x509 -req -in request.pem -CA ca.pem -CAkey otherkey.pem -CAcreateserial -days ") +
            QString::number(days) + QStringLiteral(" -extfile ") + extensions + QStringLiteral(" -out ") + name);
    }
    bool openssl(const QString &arguments)
    {
        QProcess process;
        process.setWorkingDirectory(m_folder.path());
        process.start(QStringLiteral("openssl"), arguments.split(QLatin1Char(' ')));
        if (process.waitForFinished() && process.exitCode() == 0)
            return true;
        qWarning("openssl %s: %s", qPrintable(arguments), process.readAllStandardError().constData());
        return false;
    }

    QTemporaryDir m_folder;
    bool m_isValid = false;
};

} // namespace sluice::test
