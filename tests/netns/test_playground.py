#!/usr/bin/python3
# SPDX-FileCopyrightText: 2026 The Sluice authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""sluicectl playground: its probes pass, and nothing of it is left, whoever is killed when.

SLUICE_BIN_DIR names the folder with sluicectl and sluiced.
"""
import json
import os
import pathlib
import re
import signal
import subprocess
import time
import unittest

SLUICECTL = str(pathlib.Path(os.environ.get("SLUICE_BIN_DIR", "build/dev/bin")) / "sluicectl")
REMOVAL_LIMIT = 30.0  # seconds; a busy machine is slow to reap


def stat_of(pid):
    """State and start time of a process; nothing when it is gone or only waits to be reaped."""
    try:
        fields = pathlib.Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None if fields[0] in "ZX" else fields[19]


def words_of(pid):
    """A process's command line; empty when it is gone."""
    try:
        return pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except (FileNotFoundError, ProcessLookupError):
        return []


def children_of(pid):
    return [int(p) for p in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="utf-8").split()]


@unittest.skipIf(os.geteuid() != 0, "SKIP: network namespaces need root")
class Playground(unittest.TestCase):
    def start(self, *arguments):
        process = subprocess.Popen([SLUICECTL, "playground", *arguments], stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.addCleanup(self.end, process)
        return process

    def end(self, process):
        if process.poll() is None:
            process.kill()
        process.communicate()

    def namespaces(self, process):
        return sorted(p.name for p in pathlib.Path("/run/netns").glob(f"sluice-lab-{process.pid}-*"))

    def pids_in(self, namespace):
        output = subprocess.run(["ip", "netns", "pids", namespace], capture_output=True, text=True, check=True).stdout
        return [int(pid) for pid in output.split()]

    def wait_for_probes(self, process):
        """Until the middle of a run: all parts live. Answers every process of the lab with its start time."""
        line = process.stdout.readline()
        self.assertRegex(line, "^(PASS|FAIL)  ", process.stderr.read() if not line else None)
        namespaces = self.namespaces(process)
        self.assertEqual([n.rpartition("-")[2] for n in namespaces], ["client", "gateway", "target"])
        pids = {pid for namespace in namespaces for pid in self.pids_in(namespace)} | set(children_of(process.pid))
        return {pid: start for pid in pids if (start := stat_of(pid)) is not None}

    def assertNothingLeft(self, process, pids):
        def left():
            return (self.namespaces(process) + [str(p) for p in pathlib.Path("/run").glob(f"sluice-lab-{process.pid}-*")]
                    + [pid for pid, start in pids.items() if stat_of(pid) == start])

        end = time.monotonic() + REMOVAL_LIMIT
        while left() and time.monotonic() < end:
            time.sleep(0.02)
        self.assertEqual(left(), [])

    def assertAllPassed(self, process, limit):
        output, errors = process.communicate(timeout=limit)
        self.assertEqual(process.returncode, 0, output + errors)
        self.assertRegex(output.splitlines()[-1], r"^[1-9]\d* passed, 0 failed$")
        self.assertNothingLeft(process, {})
        return output

    def test_the_tutorial_passes(self):
        output = self.assertAllPassed(self.start(), 120)
        for probe in ("echo", "half-close", "banner", "web", "tls", "tls-large", "iperf3", "stop"):
            self.assertRegex(output, rf"(?m)^PASS  TPROXY gateway relay .* {probe} ")

    def test_the_tutorial_passes_with_its_own_commands(self):
        self.assertAllPassed(self.start("--tutorial-rules"), 120)

    def test_the_whole_matrix_passes(self):
        output = self.assertAllPassed(self.start("--all"), 600)
        setups = set(re.findall(r"(?m)^PASS  (\w+ \w+ \w+) ", output))
        self.assertEqual(len(setups), 16)

    def test_both_modes_and_the_own_configuration_pass_as_json(self):
        process = self.start("--json", "--mode", "both", "-L", "red://:12345?sniffing=true&so_mark=100")
        output, errors = process.communicate(timeout=120)
        self.assertEqual(process.returncode, 0, output + errors)
        report = json.loads(output)
        self.assertEqual(report["failed"], 0)
        self.assertEqual(report["passed"], len(report["probes"]))
        self.assertIn("echo (gateway)", {probe["probe"] for probe in report["probes"]})
        self.assertNothingLeft(process, {})

    def test_a_signal_leaves_nothing(self):
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            with self.subTest(number.name):
                process = self.start()
                pids = self.wait_for_probes(process)
                process.send_signal(number)
                process.communicate(timeout=REMOVAL_LIMIT)
                self.assertEqual(process.returncode, 128 + number)
                self.assertNothingLeft(process, pids)

    def test_removing_a_lab_kills_nobody_else(self):
        """A namespace that is made meanwhile may get the number of one that has just gone."""
        other = f"sl-{os.getpid()}-other"
        self.addCleanup(subprocess.run, ["ip", "netns", "del", other], stderr=subprocess.DEVNULL)
        process = self.start()
        self.wait_for_probes(process)
        process.send_signal(signal.SIGINT)
        while process.poll() is None:
            subprocess.run(["ip", "netns", "add", other], check=True)
            subprocess.run(["ip", "netns", "exec", other, "sleep", "0.01"], check=True)
            subprocess.run(["ip", "netns", "del", other], check=True)

    def test_killing_sluicectl_leaves_nothing(self):
        process = self.start()
        pids = self.wait_for_probes(process)
        process.kill()
        self.assertNothingLeft(process, pids)

    def test_killing_a_daemon_is_a_failure_and_leaves_nothing(self):
        for host in ("gateway", "target"):
            with self.subTest(host):
                process = self.start()
                pids = self.wait_for_probes(process)
                namespace = next(n for n in self.namespaces(process) if n.endswith(host))
                daemons = [pid for pid in self.pids_in(namespace) if b"-L" in words_of(pid) and stat_of(pid)]
                daemon = min(daemons, key=lambda pid: int(stat_of(pid)))  # the other one is its janitor
                os.kill(daemon, signal.SIGKILL)
                output, _ = process.communicate(timeout=60)
                self.assertEqual(process.returncode, 20)
                self.assertIn("was killed by signal 9", output)
                self.assertNothingLeft(process, pids)

    def test_what_a_lost_lab_left_goes_at_the_next_start(self):
        process = self.start()
        pids = self.wait_for_probes(process)
        watcher = children_of(process.pid)[0]  # the first that it started
        os.kill(watcher, signal.SIGKILL)
        process.kill()
        process.communicate()
        self.assertEqual(len(self.namespaces(process)), 3)
        subprocess.run([SLUICECTL, "playground", "--clean"], check=True, stdout=subprocess.DEVNULL)
        self.assertNothingLeft(process, pids)

    def test_a_kept_lab_stays_until_it_is_cleaned(self):
        process = self.start("--keep")
        output, _ = process.communicate(timeout=120)
        self.assertRegex(output, r"(?m)^\d+ passed, 0 failed$")
        namespaces = self.namespaces(process)
        self.assertEqual(len(namespaces), 3)
        pids = {pid: stat_of(pid) for namespace in namespaces for pid in self.pids_in(namespace)}
        self.assertGreaterEqual(len(pids), 3)
        subprocess.run([SLUICECTL, "playground", "--clean"], check=True, stdout=subprocess.DEVNULL)
        self.assertNothingLeft(process, pids)


if __name__ == "__main__":
    unittest.main()
