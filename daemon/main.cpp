// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
//
// sluiced: reads its command line, prints what was asked for, or runs the daemon.
#include "daemon/config/writer.h"
#include "daemon/daemon.h"

#include <QCoreApplication>
#include <cstdio>

namespace {

int printConfig(const sluice::Options &options)
{
    sluice::config::Issues issues;
    const auto document = sluice::config::readCommandLine(options.config, issues);
    for (const auto &issue : issues)
        std::fprintf(stderr, "%s\n", issue.toString().c_str());
    if (sluice::config::hasErrors(issues))
        return sluice::ExitInvalidConfig;
    const std::string text =
        *options.print == "json" ? sluice::config::writeJson(document) : sluice::config::writeYaml(document);
    std::fwrite(text.data(), 1, text.size(), stdout);
    return sluice::ExitDone;
}

} // namespace

int main(int argc, char **argv)
{
    const std::vector<std::string> arguments(argv + 1, argv + argc);
    auto options = sluice::parseOptions(arguments);
    if (!options) {
        std::fprintf(stderr, "sluiced: %s\n", options.error().message.c_str());
        return sluice::ExitUsage;
    }
    if (options->showsHelp) {
        const auto text = sluice::helpText();
        std::fwrite(text.data(), 1, text.size(), stdout);
        return sluice::ExitDone;
    }
    if (options->showsVersion) {
        std::puts("sluiced " SLUICE_VERSION);
        return sluice::ExitDone;
    }
    if (options->print)
        return printConfig(*options);

    QCoreApplication application(argc, argv);
    sluice::Daemon daemon(std::move(*options));
    const int status = daemon.start();
    return status == sluice::ExitDone ? QCoreApplication::exec() : status;
}
