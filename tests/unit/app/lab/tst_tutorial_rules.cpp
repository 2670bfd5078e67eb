// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/lab/tutorial_rules.h"

#include <QTest>

using namespace sluice::lab;

class TestTutorialRules : public QObject
{
    Q_OBJECT

private slots:
    void tproxyForAGatewayIsThePlaygroundOfTheTutorial()
    {
        QCOMPARE(text(tutorialRules(true, Mode::Gateway, false)),
                 QByteArray("ip rule add fwmark 1 lookup 100\n"
                            "ip route add local default dev lo table 100\n"
                            "iptables -t mangle -N DIVERT\n"
                            "iptables -t mangle -A DIVERT -j MARK --set-mark 1\n"
                            "iptables -t mangle -A DIVERT -j ACCEPT\n"
                            "iptables -t mangle -A PREROUTING -p tcp -m socket -j DIVERT\n"
                            "iptables -t mangle -N SLUICE\n"
                            "iptables -t mangle -A SLUICE -p tcp -d 127.0.0.0/8 -j RETURN\n"
                            "iptables -t mangle -A SLUICE -p tcp -d 255.255.255.255/32 -j RETURN\n"
                            "iptables -t mangle -A SLUICE -p tcp -m mark --mark 100 -j RETURN\n"
                            "iptables -t mangle -A SLUICE -p tcp -j TPROXY --tproxy-mark 0x1/0x1 --on-port 12345\n"
                            "iptables -t mangle -A PREROUTING -p tcp -j SLUICE\n"));
    }

    void onlyLocalModeTouchesOutput()
    {
        for (const bool isTproxy : {false, true}) {
            QVERIFY(!text(tutorialRules(isTproxy, Mode::Gateway, true)).contains("OUTPUT"));
            QVERIFY(text(tutorialRules(isTproxy, Mode::Local, true)).contains("OUTPUT"));
            QVERIFY(text(tutorialRules(isTproxy, Mode::Both, true)).contains("OUTPUT"));
        }
        QVERIFY(!text(tutorialRules(false, Mode::Local, true)).contains("PREROUTING"));
    }

    void ipv6IsOnlyThereWhereItIsWanted()
    {
        QVERIFY(!text(tutorialRules(true, Mode::Both, false)).contains("ip6tables"));
        const QByteArray both = text(tutorialRules(true, Mode::Both, true));
        QVERIFY(both.contains("ip -6 rule add fwmark 1 lookup 100\n"));
        QVERIFY(both.contains("ip6tables -t mangle -A SLUICE -p tcp -d fe80::/10 -j RETURN\n"));
    }

private:
    static QByteArray text(const std::vector<Arguments> &commands)
    {
        QByteArray lines;
        for (const Arguments &command : commands) {
            for (const std::string &word : command)
                lines += (&word == &command.front() ? "" : " ") + QByteArray::fromStdString(word);
            lines += "\n";
        }
        return lines;
    }
};

QTEST_APPLESS_MAIN(TestTutorialRules)
#include "tst_tutorial_rules.moc"
