#!/usr/bin/python3
# SPDX-FileCopyrightText: 2026 The Sluice authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""check_layers.py must find what is planted, and must not mind what is right."""
import pathlib
import tempfile
import unittest

from check_layers import violations


class CheckLayers(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.tree = pathlib.Path(folder.name)

    def write(self, path, text):
        (self.tree / path).parent.mkdir(parents=True, exist_ok=True)
        (self.tree / path).write_text(text, encoding="utf-8")

    def assertOneViolation(self, *words):
        found = list(violations(self.tree))
        self.assertEqual(len(found), 1, found)
        for word in words:
            self.assertIn(word, found[0])

    def test_accepts_includes_down_the_chain(self):
        self.write("helper/base/error.h", "#include <string>\n")
        self.write("helper/rules/rules.cpp", '#include "helper/base/error.h"\n#include "helper/plan/plan.h"\n')
        self.write("daemon/main.cpp", '#include "daemon/service/service.h"\n')
        self.write("app/cli/main.cpp", '#include "daemon/config/config.h"\n#include "main.moc"\n')
        self.assertEqual(list(violations(self.tree)), [])

    def test_refuses_a_helper_that_includes_the_daemon(self):
        self.write("helper/apply/apply.cpp", '#include "daemon/config/config.h"\n')
        self.assertOneViolation("helper/apply/apply.cpp", "daemon/config/config.h")

    def test_refuses_a_base_that_includes_the_plan(self):
        self.write("helper/base/error.h", '  # include "helper/plan/plan.h"\n')
        self.assertOneViolation("helper/base", "helper/plan/plan.h")

    def test_refuses_a_parser_that_includes_the_data_path(self):
        self.write("daemon/sniff/sniffer.h", '#include "daemon/session/session.h"\n')
        self.assertOneViolation("daemon/sniff", "daemon/session/session.h")

    def test_refuses_the_main_of_the_daemon_below_it(self):
        self.write("daemon/service/service.cpp", '#include "daemon/options.h"\n')
        self.assertOneViolation("daemon/service", "daemon/options.h")

    def test_refuses_sockets_in_a_pure_folder(self):
        self.write("helper/rules/rules.cpp", "#include <sys/socket.h>\n")
        self.assertOneViolation("pure", "sys/socket.h")

    def test_refuses_relative_includes(self):
        self.write("daemon/net/event_loop.cpp", '#include "event_loop.h"\n')
        self.assertOneViolation("event_loop.h", "root of the tree")

    def test_refuses_a_folder_that_nobody_placed(self):
        self.write("daemon/surprise/x.h", "")
        self.assertOneViolation("daemon/surprise", "LAYERS")


if __name__ == "__main__":
    unittest.main()
