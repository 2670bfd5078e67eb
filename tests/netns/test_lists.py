# SPDX-FileCopyrightText: 2026 The Sluice authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""List files: read at the start, read again when they changed, and kept when they cannot be read."""
import os
import time
import unittest

import netlab
import tutorial
from netlab import MANY4, Lab, echo, receive_exactly, wait_until

CONFIG = """
services:
- name: red
  addr: :12345
  bypass: blocked
  sockopts: {mark: 100}
  handler: {type: red, metadata: {tproxy: true}}
  listener: {type: red, metadata: {tproxy: true}}
bypasses:
- name: blocked
  reload: 1s
  file: {path: LIST}
"""


class Lists(unittest.TestCase):
    def setUp(self):
        self.lab = Lab()
        self.addCleanup(self.lab.close)
        self.lab.rules("gateway", tutorial.TPROXY_RULES)
        self.lab.serve("server", "0.0.0.0", 80, echo)
        self.list_path = os.path.join(self.lab.scratch, "blocked.txt")

    def write_list(self, text):
        with open(self.list_path, "w", encoding="utf-8") as file:
            file.write(text)
        os.utime(self.list_path, (time.time(), os.stat(self.list_path).st_mtime + Lists.step))
        Lists.step += 1

    step = 1

    def start(self):
        path = os.path.join(self.lab.scratch, "config.yaml")
        with open(path, "w", encoding="utf-8") as file:
            file.write(CONFIG.replace("LIST", self.list_path))
        return self.lab.sluiced("gateway", "-C", path, listeners=2)

    def is_open(self, address):
        try:
            with self.lab.connect("client", address, 80) as sock:
                sock.sendall(b"x")
                return receive_exactly(sock, 1) == b"x"
        except (ConnectionError, AssertionError):
            return False

    def test_a_changed_list_counts_without_a_reload(self):
        self.write_list("# blocked addresses\n10.78.0.1  # the first\n")
        self.start()
        self.assertFalse(self.is_open(MANY4))
        self.assertTrue(self.is_open("10.78.0.2"))
        with self.lab.connect("client", "10.78.0.2", 80) as before:
            self.write_list("10.78.0.2\n")
            wait_until(lambda: self.is_open(MANY4) and not self.is_open("10.78.0.2"), "the new list counts")
            before.sendall(b"still there")
            self.assertEqual(receive_exactly(before, 11), b"still there")

    def test_a_list_that_goes_away_keeps_counting(self):
        self.write_list("10.78.0.1\n")
        daemon = self.start()
        os.unlink(self.list_path)
        wait_until(lambda: "the old ones go on" in daemon.output(), "the failure is logged")
        self.assertFalse(self.is_open(MANY4))

    def test_a_missing_list_is_an_error_at_the_start(self):
        with self.assertRaisesRegex(AssertionError, "ended with 1:(.|\n)*bypass blocked: .*blocked.txt"):
            self.start()


if __name__ == "__main__":
    netlab.unittest.main(verbosity=2)
