# SPDX-FileCopyrightText: 2026 The Sluice authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Applying is whole or not at all, and touches only what is ours."""
import os
import tempfile
import unittest

from netlab import require_root
from rulebed import APPLY_PLAN, BACKENDS, Namespace

TOOLS = ("iptables-restore", "ip6tables-restore", "iptables-save", "ip6tables-save", "nft", "ip")
PLAN = ("--tproxy", "1", "--udp", "1", "--mode", "both")
MIXED = ("--redirect", "1", "--udp", "1", "--mode", "both")  # has a mangle, a nat and a filter table

# Stands in for a tool: refuses some calls, changes the rules of others on their way, and else does the tool's work.
# Probes pass, so that the fault comes in the middle of an apply.
FAULT = """#!/usr/bin/python3 -I
import os, subprocess, sys
tool, words = os.path.basename(sys.argv[0]), " ".join(sys.argv[1:])
real = next(p for p in ("/usr/sbin/" + tool, "/sbin/" + tool, "/usr/bin/" + tool) if os.path.exists(p))
REFUSED, OLD, NEW = {refused!r}, {old!r}, {new!r}
if REFUSED is not None and words.startswith(REFUSED) and words != "-c -f -":
    sys.exit("fault: " + words)
if OLD is None:
    os.execv(real, sys.argv)
text = sys.stdin.read()
if "_PROBE" not in text:
    text = text.replace(OLD, NEW)
sys.exit(subprocess.run([real, *sys.argv[1:]], input=text, text=True).returncode)
"""


def refusing(words):
    return FAULT.format(refused=words, old=None, new=None)


def rewriting(old, new):
    return FAULT.format(refused=None, old=old, new=new)


def spoiling(table):
    return rewriting(f"*{table}\n", f"*{table}\n-A NO_SUCH_CHAIN -j NO_SUCH_TARGET\n")


class Apply(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        require_root()
        self.namespace = Namespace()
        self.addCleanup(self.namespace.close)
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def plan(self, *words, check=True):
        return self.namespace.run(APPLY_PLAN, "--state", self.folder, *words, check=check)

    def refused(self, *words):
        """What the refusal says; the state must be the one before."""
        before = self.namespace.state()
        result = self.plan(*words, check=False)
        self.assertEqual(result.returncode, 1, result.stdout)
        self.assertEqual(self.namespace.state(), before)
        return result.stderr

    def tools(self, without=(), scripts=None):
        """A folder of tools, some missing, some replaced."""
        folder = tempfile.mkdtemp(dir=self.folder)
        for tool in TOOLS:
            path = os.path.join(folder, tool)
            if tool in without:
                continue
            if scripts and tool in scripts:
                with open(path, "w", encoding="ascii") as script:
                    script.write(scripts[tool])
                os.chmod(path, 0o755)
            else:
                os.symlink(next(p for p in (f"/usr/sbin/{tool}", f"/usr/bin/{tool}") if os.path.exists(p)), path)
        return folder

    def test_a_missing_tool_is_named(self):
        for tool in ("ip6tables-restore", "iptables-restore", "ip"):
            with self.subTest(tool):
                self.assertIn(tool, self.refused("--tools", self.tools(without=(tool,)), *PLAN, "apply"))
        self.assertIn("nft", self.refused("--tools", self.tools(without=("nft",)), "--backend", "nftables", *PLAN, "apply"))

    def test_a_missing_match_or_target_is_named_before_any_change(self):
        for piece, plan in (("TPROXY", PLAN), ("socket", PLAN), ("conntrack", PLAN), ("addrtype", PLAN),
                            ("owner", (*PLAN, "--uid", "5")), ("REDIRECT", MIXED), ("REJECT", PLAN)):
            with self.subTest(piece):
                stub = ("#!/usr/bin/python3 -I\nimport os, sys, subprocess\ntext = sys.stdin.read()\n"
                        f"if any({piece!r} in line.split() for line in text.splitlines()):\n"
                        "    sys.exit('iptables-restore: line 3 failed: No such file or directory.')\n"
                        "sys.exit(subprocess.run(['/usr/sbin/iptables-restore', *sys.argv[1:]], input=text, text=True)"
                        ".returncode)\n")
                text = self.refused("--tools", self.tools(scripts={"iptables-restore": stub}), *plan, "apply")
                self.assertIn(f"'{piece}'", text)

    def test_a_fault_at_any_step_changes_nothing(self):
        faults = {
            "mangle v4": ("iptables-restore", spoiling("mangle")), "nat v4": ("iptables-restore", spoiling("nat")),
            "filter v4": ("iptables-restore", spoiling("filter")),
            "mangle v6": ("ip6tables-restore", spoiling("mangle")), "nat v6": ("ip6tables-restore", spoiling("nat")),
            "filter v6": ("ip6tables-restore", spoiling("filter")), "rule v4": ("ip", refusing("rule add")),
            "rule v6": ("ip", refusing("-6 rule add")), "route v4": ("ip", refusing("route add")),
            "route v6": ("ip", refusing("-6 route add")),
        }
        for name, (tool, script) in faults.items():
            tools = self.tools(scripts={tool: script})
            with self.subTest(name, over="nothing"):
                self.refused("--tools", tools, *MIXED, "apply")
                self.assertFalse([entry for entry in os.listdir(self.folder) if entry.endswith(".journal")])
            if tool == "ip":
                continue  # those stand already, nothing is added
            with self.subTest(name, over="an earlier apply"):
                # The same tables with other ports: the old ones must be back afterwards.
                self.plan("--redirect", "9", "--udp", "9", "--mode", "both", "--mark", "7", "apply")
                self.refused("--tools", tools, *MIXED, "apply")
                self.plan("remove")

    def test_a_fault_in_nft_changes_nothing(self):
        tools = self.tools(scripts={"nft": refusing("-f -")})
        self.assertIn("nft", self.refused("--tools", tools, "--backend", "nftables", *PLAN, "apply"))

    def test_repeated_applies_leave_one_copy(self):
        for backend, words in BACKENDS.items():
            for flavour in ("safe", "exact"):
                with self.subTest(backend, flavour=flavour):
                    before = self.namespace.state()
                    self.plan(*words, "--flavour", flavour, *PLAN, "apply")
                    once = self.namespace.state()
                    self.plan(*words, "--flavour", flavour, *PLAN, "repeat", "9")
                    self.assertEqual(self.namespace.state(), once)
                    self.plan("remove")
                    self.assertEqual(self.namespace.state(), before)
                    self.plan("remove")
                    self.assertEqual(self.namespace.state(), before)

    def test_changes_of_plan_leave_nothing_of_the_old_one(self):
        """From any plan to any other: back end, flavour, family, method."""
        before = self.namespace.state()
        plans = ((*BACKENDS["iptables-nft"], *PLAN), (*BACKENDS["nftables"], *PLAN),
                 (*BACKENDS["iptables-legacy"], "--flavour", "exact", *PLAN),
                 (*BACKENDS["iptables-nft"], "--redirect", "5", "--mode", "local", "--family", "6"),
                 (*BACKENDS["nftables"], "--flavour", "exact", "--redirect", "5"))
        fresh = []
        for plan in plans:
            self.plan(*plan, "apply")
            fresh.append(self.namespace.state())
            self.plan("remove")
        for first in plans:
            for second, wanted in zip(plans, fresh):
                with self.subTest(first=first, second=second):
                    self.plan(*first, "apply")
                    self.plan(*second, "apply")
                    self.assertEqual(self.namespace.state(), wanted)
                    self.plan("remove")
                    self.assertEqual(self.namespace.state(), before)

    def test_foreign_chains_of_our_name_are_refused(self):
        for tool, chain in (("iptables", "SLUICE"), ("ip6tables", "SLUICE_LOCAL"), ("iptables", "SLUICE_DIVERT")):
            with self.subTest(chain):
                self.namespace.run("sh", "-ec", f"{tool} -t mangle -N {chain}; {tool} -t mangle -A {chain} -j ACCEPT; "
                                                f"{tool} -t mangle -A FORWARD -j {chain}")
                before = self.namespace.state()
                self.assertIn("not ours", self.refused(*PLAN, "apply"))
                self.plan("remove")
                self.assertEqual(self.namespace.state(), before)
                self.namespace.run("sh", "-ec", f"{tool} -t mangle -F; {tool} -t mangle -X")
        self.namespace.run("nft", "add table inet sluice { chain mine { counter; }; }")
        before = self.namespace.state()
        self.assertIn("not ours", self.refused("--backend", "nftables", *PLAN, "apply"))
        self.plan("remove")
        self.assertEqual(self.namespace.state(), before)

    def test_foreign_rules_stay(self):
        self.namespace.run("sh", "-ec", """
            iptables -A INPUT -p tcp --dport 22 -j ACCEPT
            iptables -t nat -A PREROUTING -p tcp --dport 8080 -j REDIRECT --to-ports 80
            ip6tables -t mangle -N OTHER
            ip6tables -t mangle -A OTHER -m comment --comment "sluice of somebody else" -j RETURN
            ip6tables -t mangle -A OUTPUT -j OTHER
            nft add table inet theirs '{ chain c { type filter hook input priority 0; counter; }; }'
            ip rule add pref 100 fwmark 0xca6c lookup 51820
            ip rule add fwmark 1 lookup 100
            ip route add unreachable default table 51820""")
        before = self.namespace.state()
        for backend, words in BACKENDS.items():
            for flavour in ("safe", "exact"):
                with self.subTest(backend, flavour=flavour):
                    self.plan(*words, "--flavour", flavour, *MIXED, "apply")
                    self.assertNotEqual(self.namespace.state(), before)
                    self.plan("remove")
                    self.assertEqual(self.namespace.state(), before)

    def test_numbers_in_use_are_stepped_over(self):
        self.namespace.run("sh", "-ec", "ip route add unreachable default table 4770; ip rule add pref 4771 lookup main; "
                                        "ip -6 rule add pref 9 lookup 4772")
        before = self.namespace.state()
        self.assertEqual(self.plan(*PLAN, "apply").stdout.strip(), "4773")
        self.assertEqual(self.plan(*PLAN, "apply").stdout.strip(), "4773")
        self.plan("remove")
        self.assertEqual(self.namespace.state(), before)
        self.namespace.run("ip", "route", "add", "unreachable", "default", "table", "100")
        self.assertIn("100", self.refused("--flavour", "exact", *PLAN, "apply"))

    def test_a_mark_that_others_route_is_refused(self):
        self.namespace.run("ip", "rule", "add", "pref", "50", "fwmark", "0x1000/0x1000", "lookup", "51820")
        self.assertIn("mark", self.refused(*PLAN, "apply"))

    def test_leftovers_of_a_dead_owner_are_healed(self):
        """Also without its journal, for the safe flavour: the tags tell."""
        for backend, words in BACKENDS.items():
            for flavour, keeps_journal in (("safe", True), ("safe", False), ("exact", True)):
                with self.subTest(backend, flavour=flavour, keeps_journal=keeps_journal):
                    before = self.namespace.state()
                    self.plan(*words, "--flavour", flavour, *PLAN, "apply")
                    once = self.namespace.state()
                    if not keeps_journal:
                        for entry in os.listdir(self.folder):
                            if entry.startswith("rules-"):
                                os.unlink(os.path.join(self.folder, entry))
                    self.plan(*words, "--flavour", flavour, *PLAN, "apply")
                    self.assertEqual(self.namespace.state(), once)
                    self.plan("remove")
                    self.assertEqual(self.namespace.state(), before)

    def test_rules_that_are_not_the_wanted_ones_are_noticed_on_reading_back(self):
        """A tool may say that all is well; the kernel has the last word."""
        for change in (("-A SLUICE -i lo ", "-A SLUICE -d 192.0.2.0/24 -i lo "), ("-j TPROXY", "-j RETURN\n#"),
                       ("-A OUTPUT -p udp", "#")):
            with self.subTest(change):
                tools = self.tools(scripts={"iptables-restore": rewriting(*change)})
                self.assertIn("other rules than were loaded", self.refused("--tools", tools, *PLAN, "apply"))


if __name__ == "__main__":
    unittest.main()
