// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/lab/report.h"

#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <algorithm>

namespace sluice::lab {

namespace {

std::string padded(std::string text, std::size_t width)
{
    text.resize(std::max(text.size(), width), ' ');
    return text + "  ";
}

auto countPassed(const std::vector<ProbeResult> &results)
{
    return std::count_if(results.begin(), results.end(), [](const ProbeResult &result) { return result.passed; });
}

} // namespace

std::string toLine(const ProbeResult &result)
{
    return padded(result.passed ? "PASS" : "FAIL", 4) + padded(result.setup, 23) + padded(result.family, 4) +
           padded(result.probe, 12) + result.detail + "\n";
}

std::string summary(const std::vector<ProbeResult> &results)
{
    const auto passed = countPassed(results);
    return std::to_string(passed) + " passed, " + std::to_string(std::ssize(results) - passed) + " failed";
}

std::string toJson(const std::vector<ProbeResult> &results)
{
    QJsonArray probes;
    for (const ProbeResult &result : results) {
        QJsonObject probe;
        probe.insert(u"setup", QString::fromStdString(result.setup));
        probe.insert(u"family", QString::fromStdString(result.family));
        probe.insert(u"probe", QString::fromStdString(result.probe));
        probe.insert(u"passed", result.passed);
        probe.insert(u"detail", QString::fromStdString(result.detail));
        probe.insert(u"duration_ms", static_cast<qint64>(result.duration.count()));
        probes.append(probe);
    }
    const auto passed = static_cast<qint64>(countPassed(results));
    QJsonObject report;
    report.insert(u"schema", 1);
    report.insert(u"passed", passed);
    report.insert(u"failed", std::ssize(results) - passed);
    report.insert(u"probes", probes);
    return QJsonDocument(report).toJson().toStdString();
}

bool allPassed(const std::vector<ProbeResult> &results)
{
    return !results.empty() && countPassed(results) == std::ssize(results);
}

} // namespace sluice::lab
