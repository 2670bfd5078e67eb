# SPDX-FileCopyrightText: 2026 The Sluice authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules go with the process that wanted them, however it ends: the janitor takes them away."""
import os
import signal
import subprocess
import tempfile
import time
import unittest

from netlab import in_time, require_root, wait_until
from rulebed import APPLY_PLAN, BACKENDS, Namespace

PLAN = ("--tproxy", "1", "--udp", "1", "--mode", "both")


class Guard(unittest.TestCase):
    def setUp(self):
        require_root()
        self.namespace = Namespace()
        self.addCleanup(self.namespace.close)
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.before = self.namespace.state()

    def hold(self, *words):
        """A process that holds the rules, and its janitor's pid."""
        process = subprocess.Popen(["ip", "netns", "exec", self.namespace.name, APPLY_PLAN, "--state", self.folder,
                                    *words, *PLAN, "hold"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                   start_new_session=True)

        def end():
            if process.poll() is None:
                process.kill()
            process.wait()
            process.stdin.close()
            process.stdout.close()
        self.addCleanup(end)
        return process, self.janitor_of(process)

    def janitor_of(self, process):
        line = process.stdout.readline().split()
        self.assertEqual(line[0], "ready")
        return int(line[1])

    @staticmethod
    def is_alive(pid):
        try:
            with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as stat:
                return stat.read().rsplit(")", 1)[1].split()[0] != "Z"
        except FileNotFoundError:
            return False

    def assert_gone(self, janitor, seconds=1.0):
        start = time.monotonic()
        wait_until(lambda: not self.is_alive(janitor), "the janitor has ended", 10)
        took = time.monotonic() - start
        self.assertEqual(self.namespace.state(), self.before)
        self.assertEqual([entry for entry in os.listdir(self.folder) if entry.endswith(".journal")], [])
        self.assertLess(took, in_time(seconds))

    def test_orderly_end(self):
        process, janitor = self.hold()
        self.assertNotEqual(self.namespace.state(), self.before)
        process.stdin.close()
        self.assertEqual(process.wait(10), 0)
        self.assert_gone(janitor)

    def test_killed(self):
        for backend, words in BACKENDS.items():
            for flavour in ("safe", "exact"):
                with self.subTest(backend, flavour=flavour):
                    process, janitor = self.hold(*words, "--flavour", flavour)
                    self.assertNotEqual(self.namespace.state(), self.before)
                    process.kill()
                    self.assert_gone(janitor)

    def test_signals_to_the_group_do_not_reach_the_janitor(self):
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            with self.subTest(number.name):
                process, janitor = self.hold()
                os.kill(janitor, number)  # not even one meant for it
                os.killpg(process.pid, number)
                process.wait(10)
                self.assert_gone(janitor)

    def test_killed_while_applying(self):
        for delay in (0.02, 0.05, 0.1, 0.15, 0.2, 0.3):
            with self.subTest(delay):
                process = subprocess.Popen(["ip", "netns", "exec", self.namespace.name, APPLY_PLAN, "--state",
                                            self.folder, *PLAN, "hold"], stdin=subprocess.PIPE,
                                           stdout=subprocess.DEVNULL)
                time.sleep(delay)  # the point of the test: any moment
                children = self.children_of(process.pid)
                process.kill()
                process.wait()
                process.stdin.close()
                for child in children:
                    wait_until(lambda pid=child: not self.is_alive(pid), "the children have ended")
                self.assertEqual(self.namespace.state(), self.before)

    @staticmethod
    def children_of(pid):
        try:
            with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as children:
                return [int(child) for child in children.read().split()]
        except FileNotFoundError:
            return []

    def test_the_janitor_holds_nothing_of_its_parent(self):
        process, janitor = self.hold()
        files = {number: os.readlink(f"/proc/{janitor}/fd/{number}") for number in os.listdir(f"/proc/{janitor}/fd")}
        self.assertEqual({files[number] for number in ("0", "1", "2")}, {"/dev/null"})
        others = {target.split(":")[0] for number, target in files.items() if number not in ("0", "1", "2")}
        self.assertEqual(others, {"socket", "anon_inode"})  # the lifeline and the parent's pidfd
        self.assertEqual(os.getsid(janitor), janitor)
        process.kill()
        self.assert_gone(janitor)

    def test_a_new_janitor_takes_over_from_a_killed_one(self):
        process, janitor = self.hold()
        os.kill(janitor, signal.SIGKILL)
        process.stdin.write("restart-janitor\n")
        process.stdin.flush()
        second = self.janitor_of(process)
        self.assertNotEqual(second, janitor)
        process.kill()
        self.assert_gone(second)

    def test_a_second_owner_is_refused_while_the_first_lives(self):
        process, janitor = self.hold()
        state = self.namespace.state()
        result = self.namespace.run(APPLY_PLAN, "--state", self.folder, *PLAN, "apply", check=False)
        self.assertEqual(result.returncode, 1)
        self.assertIn("already on", result.stderr)
        self.assertEqual(self.namespace.state(), state)
        process.kill()
        self.assert_gone(janitor)


if __name__ == "__main__":
    unittest.main()
