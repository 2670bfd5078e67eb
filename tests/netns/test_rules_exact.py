# SPDX-FileCopyrightText: 2026 The Sluice authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The exact flavour loads the rules of GOST's transparent-proxy tutorial, chain names aside.

Each case runs the tutorial's own commands in one namespace and ours in others - by the applier, and as the printed
script through sh - and compares what the kernel says.
"""
import re
import tempfile
import unittest

from netlab import BIN, require_root
from rulebed import APPLY_PLAN, Namespace

REDIRECT = """
iptables -t nat -N GOST
iptables -t nat -A GOST -d 192.168.0.0/16 -j RETURN
iptables -t nat -A GOST -p tcp -m mark --mark 100 -j RETURN
iptables -t nat -A GOST -p tcp -j REDIRECT --to-ports 12345
iptables -t nat -A PREROUTING -p tcp -j GOST
iptables -t nat -A OUTPUT -p tcp -j GOST
"""
REDIRECT_WITHOUT_MARK = """
iptables -t nat -A OUTPUT -p tcp --match multiport ! --dports 12345,1080 -j DNAT --to-destination 127.0.0.1:12345
"""
ROUTING4 = """
ip rule add fwmark 1 lookup 100
ip route add local default dev lo table 100
"""
ROUTING6 = """
ip -6 rule add fwmark 1 lookup 100
ip -6 route add local default dev lo table 100
"""
DIVERT4 = """
iptables -t mangle -N DIVERT
iptables -t mangle -A DIVERT -j MARK --set-mark 1
iptables -t mangle -A DIVERT -j ACCEPT
iptables -t mangle -A PREROUTING -p tcp -m socket -j DIVERT
"""
TCP4 = ROUTING4 + DIVERT4 + """
iptables -t mangle -N GOST
iptables -t mangle -A GOST -p tcp -d 127.0.0.0/8 -j RETURN
iptables -t mangle -A GOST -p tcp -d 192.168.0.0/16 -j RETURN
iptables -t mangle -A GOST -p tcp -m mark --mark 100 -j RETURN
iptables -t mangle -A GOST -p tcp -j TPROXY --tproxy-mark 0x1/0x1 --on-port 12345
iptables -t mangle -A PREROUTING -p tcp -j GOST
"""
TCP4_LOCAL = """
iptables -t mangle -N GOST_LOCAL
iptables -t mangle -A GOST_LOCAL -p tcp -d 127.0.0.0/8 -j RETURN
iptables -t mangle -A GOST_LOCAL -p tcp -d 255.255.255.255/32 -j RETURN
iptables -t mangle -A GOST_LOCAL -p tcp -d 192.168.0.0/16 -j RETURN
iptables -t mangle -A GOST_LOCAL -p tcp -m mark --mark 100 -j RETURN
iptables -t mangle -A GOST_LOCAL -p tcp -j MARK --set-mark 1
iptables -t mangle -A OUTPUT -p tcp -j GOST_LOCAL
"""
TCP6 = ROUTING6 + """
ip6tables -t mangle -N DIVERT
ip6tables -t mangle -A DIVERT -j MARK --set-mark 1
ip6tables -t mangle -A DIVERT -j ACCEPT
ip6tables -t mangle -A PREROUTING -p tcp -m socket -j DIVERT
ip6tables -t mangle -N GOST
ip6tables -t mangle -A GOST -p tcp -d ::/128 -j RETURN
ip6tables -t mangle -A GOST -p tcp -d ::1/128 -j RETURN
ip6tables -t mangle -A GOST -p tcp -d fe80::/10 -j RETURN
ip6tables -t mangle -A GOST -p tcp -d ff00::/8 -j RETURN
ip6tables -t mangle -A GOST -p tcp -m mark --mark 100 -j RETURN
ip6tables -t mangle -A GOST -p tcp -j TPROXY --tproxy-mark 0x1/0x1 --on-port 12345
ip6tables -t mangle -A PREROUTING -p tcp -j GOST
"""
TCP6_LOCAL = """
ip6tables -t mangle -N GOST_LOCAL
ip6tables -t mangle -A GOST_LOCAL -p tcp -d ::/128 -j RETURN
ip6tables -t mangle -A GOST_LOCAL -p tcp -d ::1/128 -j RETURN
ip6tables -t mangle -A GOST_LOCAL -p tcp -d fe80::/10 -j RETURN
ip6tables -t mangle -A GOST_LOCAL -p tcp -d ff00::/8 -j RETURN
ip6tables -t mangle -A GOST_LOCAL -p tcp -m mark --mark 100 -j RETURN
ip6tables -t mangle -A GOST_LOCAL -p tcp -j MARK --set-mark 1
ip6tables -t mangle -A OUTPUT -p tcp -j GOST_LOCAL
"""
UDP4 = ROUTING4 + """
iptables -t mangle -N GOST
iptables -t mangle -A GOST -p udp -d 127.0.0.0/8 -j RETURN
iptables -t mangle -A GOST -p udp -d 255.255.255.255/32 -j RETURN
iptables -t mangle -A GOST -p udp -d 192.168.0.0/16 -j RETURN
iptables -t mangle -A GOST -p udp -m mark --mark 100 -j RETURN
iptables -t mangle -A GOST -p udp -j TPROXY --tproxy-mark 0x1/0x1 --on-port 12345
iptables -t mangle -A PREROUTING -p udp -j GOST
"""
UDP4_LOCAL = TCP4_LOCAL.replace("-p tcp", "-p udp")
UDP6 = ROUTING6 + """
ip6tables -t mangle -N GOST
ip6tables -t mangle -A GOST -p udp -d ::/128 -j RETURN
ip6tables -t mangle -A GOST -p udp -d ::1/128 -j RETURN
ip6tables -t mangle -A GOST -p udp -d fe80::/10 -j RETURN
ip6tables -t mangle -A GOST -p udp -d ff00::/8 -j RETURN
ip6tables -t mangle -A GOST -p udp -m mark --mark 100 -j RETURN
ip6tables -t mangle -A GOST -p udp -j TPROXY --tproxy-mark 0x1/0x1 --on-port 12345
ip6tables -t mangle -A PREROUTING -p udp -j GOST
"""
UDP6_LOCAL = TCP6_LOCAL.replace("-p tcp", "-p udp")
# The playground leaves out the LAN, and has TCP and UDP in one chain.
PLAYGROUND = ROUTING4 + DIVERT4 + """
iptables -t mangle -N GOST
iptables -t mangle -A GOST -p tcp -d 127.0.0.0/8 -j RETURN
iptables -t mangle -A GOST -p tcp -d 255.255.255.255/32 -j RETURN
iptables -t mangle -A GOST -p tcp -m mark --mark 100 -j RETURN
iptables -t mangle -A GOST -p tcp -j TPROXY --tproxy-mark 0x1/0x1 --on-port 12345
iptables -t mangle -A PREROUTING -p tcp -j GOST
iptables -t mangle -A GOST -p udp -d 127.0.0.0/8 -j RETURN
iptables -t mangle -A GOST -p udp -d 255.255.255.255/32 -j RETURN
iptables -t mangle -A GOST -p udp -m mark --mark 100 -j RETURN
iptables -t mangle -A GOST -p udp -j TPROXY --tproxy-mark 0x1/0x1 --on-port 12345
iptables -t mangle -A PREROUTING -p udp -j GOST
"""
RED = "red://:12345?sniffing=true&so_mark=100"
RED_TPROXY = "red://:12345?sniffing=true&tproxy=true&so_mark=100"
REDU = "redu://:12345?ttl=30s&so_mark=100"

# name: (tutorial's commands, words of sluicectl, words of apply_plan)
CASES = {
    "redirect, gateway and local": (REDIRECT, ("-L", RED, "--mode", "both", "--family", "4"),
                                    ("--redirect", "12345", "--mark", "100", "--mode", "both", "--family", "4")),
    "redirect without mark": (REDIRECT_WITHOUT_MARK,
                              ("-L", "red://:12345?sniffing=true", "-F", "192.168.1.1:1080", "--mode", "local",
                               "--family", "4"),
                              ("--redirect", "12345", "--except-ports", "1080", "--mode", "local", "--family", "4")),
    "tproxy tcp4": (TCP4, ("-L", RED_TPROXY, "--mode", "gateway", "--family", "4"),
                    ("--tproxy", "12345", "--mark", "100", "--mode", "gateway", "--family", "4")),
    "tproxy tcp4, local": (TCP4 + TCP4_LOCAL, ("-L", RED_TPROXY, "--mode", "local", "--family", "4"),
                           ("--tproxy", "12345", "--mark", "100", "--mode", "local", "--family", "4")),
    "tproxy tcp6": (TCP6, ("-L", RED_TPROXY, "--mode", "gateway", "--family", "6"),
                    ("--tproxy", "12345", "--mark", "100", "--mode", "gateway", "--family", "6")),
    "tproxy tcp, all": (TCP4 + TCP4_LOCAL + TCP6 + TCP6_LOCAL, ("-L", RED_TPROXY, "--mode", "both"),
                        ("--tproxy", "12345", "--mark", "100", "--mode", "both")),
    "tproxy through a chain": (TCP4, ("-L", "red://:12345?sniffing=true&tproxy=true", "-F",
                                      "http://192.168.1.1:8080?so_mark=100", "--family", "4"),
                               ("--tproxy", "12345", "--mark", "100", "--family", "4")),
    "udp, all": (UDP4 + UDP4_LOCAL + UDP6 + UDP6_LOCAL, ("-L", REDU, "--mode", "both"),
                 ("--udp", "12345", "--mark", "100", "--mode", "both")),
    "playground": (PLAYGROUND, ("-L", RED_TPROXY, "-L", REDU, "--family", "4", "--bypass", "255.255.255.255/32"),
                   ("--tproxy", "12345", "--udp", "12345", "--mark", "100", "--family", "4", "--bypass",
                    "255.255.255.255/32")),
}


def loaded(namespace):
    """The state with the tutorial's chain names turned into ours. Chains are dumped by name, so they move."""
    text = re.sub(r"\bGOST_LOCAL\b", "SLUICE_LOCAL", namespace.state())
    text = re.sub(r"\bGOST\b", "SLUICE", text)
    text = re.sub(r"\bDIVERT\b", "SLUICE_DIVERT", text)

    def ordered(block):
        """Chains by name; the rules of one chain stay in their order."""
        return "".join(sorted(block.group().splitlines(keepends=True), key=lambda line: line.split()[:2]))
    text = re.sub(r"(?:^:.*\n)+", ordered, text, flags=re.M)
    return re.sub(r"(?:^-A.*\n)+", ordered, text, flags=re.M)


class ExactRules(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        require_root()

    def namespace(self):
        namespace = Namespace()
        self.addCleanup(namespace.close)
        return namespace

    def test_equal_the_tutorial(self):
        for name, (commands, script_words, plan_words) in CASES.items():
            with self.subTest(name), tempfile.TemporaryDirectory() as folder:
                tutorial, applied, scripted = self.namespace(), self.namespace(), self.namespace()
                clean = scripted.state()
                tutorial.run("sh", "-e", input=commands)
                self.assertNotEqual(loaded(tutorial), clean)

                applied.run(APPLY_PLAN, "--state", folder, "--flavour", "exact", *plan_words, "apply")
                self.assertEqual(loaded(applied), loaded(tutorial))
                applied.run(APPLY_PLAN, "--state", folder, "remove")
                self.assertEqual(applied.state(), clean)

                script = (f"{BIN}/sluicectl", "rules", "script", "--flavour", "exact", *script_words)
                scripted.run("sh", "-e", input=scripted.output(*script))
                self.assertEqual(loaded(scripted), loaded(tutorial))
                scripted.run("sh", "-e", input=scripted.output(*script, "--undo"))
                self.assertEqual(scripted.state(), clean)

    def test_legacy_tables_too(self):
        commands, _, plan_words = CASES["tproxy tcp, all"]
        tutorial, applied = self.namespace(), self.namespace()
        tutorial.run("sh", "-e", input=commands.replace("tables -t", "tables-legacy -t"))
        with tempfile.TemporaryDirectory() as folder:
            applied.run(APPLY_PLAN, "--state", folder, "--flavour", "exact", "--iptables", "iptables-legacy",
                        *plan_words, "apply")
        self.assertEqual(loaded(applied), loaded(tutorial))

    def test_printed_safe_script_loads_what_the_applier_loads(self):
        """One command per line, for sh, and its undo leaves nothing."""
        for backend in ("iptables", "nftables"):
            with self.subTest(backend), tempfile.TemporaryDirectory() as folder:
                applied, scripted = self.namespace(), self.namespace()
                clean = scripted.state()
                applied.run(APPLY_PLAN, "--state", folder, "--backend", backend, "--tproxy", "12345", "--udp", "12345",
                            "--mode", "both", "--mark", "100", "apply")
                script = (f"{BIN}/sluicectl", "rules", "script", "-L", RED_TPROXY, "-L", REDU, "--mode", "both",
                          "--backend", backend)
                scripted.run("sh", "-e", input=scripted.output(*script))
                self.assertEqual(scripted.state(), applied.state())
                scripted.run("sh", "-e", input=scripted.output(*script, "--undo"))
                self.assertEqual(scripted.state(), clean)


if __name__ == "__main__":
    unittest.main()
