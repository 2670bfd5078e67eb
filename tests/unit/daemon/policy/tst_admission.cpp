// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/policy/admission.h"

#include <QTest>

using namespace sluice;
using namespace sluice::policy;

namespace {

std::shared_ptr<const Admission> list(std::vector<std::string> matchers, bool isWhitelist)
{
    config::AdmissionConfig config;
    config.matchers = std::move(matchers);
    config.isWhitelist = isWhitelist;
    return std::make_shared<const Admission>(config);
}

IpAddress address(const char *text)
{
    return IpAddress::parse(text).value();
}

} // namespace

class TestAdmission : public QObject
{
    Q_OBJECT

private slots:
    void refusesWhomBlacklistNames()
    {
        const auto admission = list({"192.0.2.1", "10.0.0.0/8", "fd00::/8"}, false);
        QVERIFY(!admission->admits(address("192.0.2.1")));
        QVERIFY(!admission->admits(address("10.255.0.1")));
        QVERIFY(!admission->admits(address("fd00::1")));
        QVERIFY(!admission->admits(address("::ffff:10.1.1.1")));
        QVERIFY(admission->admits(address("192.0.2.2")));
        QVERIFY(admission->admits(address("2001:db8::1")));
    }

    void admitsWhomWhitelistNames()
    {
        const auto admission = list({"192.168.0.0/16"}, true);
        QVERIFY(admission->admits(address("192.168.7.1")));
        QVERIFY(!admission->admits(address("10.0.0.1")));
        QVERIFY(!admission->admits(address("::1")));
    }

    void treatsEmptyLists()
    {
        QVERIFY(list({}, false)->admits(address("192.0.2.1")));
        QVERIFY(!list({}, true)->admits(address("192.0.2.1")));
    }

    void wantsAllOfSeveral()
    {
        const AdmissionGroup group({list({"10.0.0.0/8"}, true), list({"10.0.0.5"}, false)});
        QVERIFY(group.admits(address("10.0.0.4")));
        QVERIFY(!group.admits(address("10.0.0.5")));
        QVERIFY(!group.admits(address("192.0.2.1")));
        QVERIFY(AdmissionGroup().admits(address("192.0.2.1")));
    }

    void listsWhatIsNoAddress()
    {
        const Admission admission(config::AdmissionConfig{}, {"10.0.0.1", "host.test", "10.0.0.1:80"});
        QVERIFY(!admission.admits(address("10.0.0.1")));
        QCOMPARE(admission.unusablePatterns(), (std::vector<std::string>{"host.test", "10.0.0.1:80"}));
    }
};

QTEST_APPLESS_MAIN(TestAdmission)
#include "tst_admission.moc"
