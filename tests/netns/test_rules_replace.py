# SPDX-FileCopyrightText: 2026 The Sluice authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Replacing rules never lets a packet of an intercepted flow through."""
import threading
import unittest

from rulebed import BACKENDS, PORT, TARGET4, TARGET6, TrafficBed

APPLIES = 200


class Replace(unittest.TestCase):
    def test_no_packet_gets_through_while_rules_are_replaced(self):
        """Many applies under TCP traffic of both families, from outside and from here."""
        for backend, words in BACKENDS.items():
            with self.subTest(backend):
                bed = TrafficBed()
                self.addCleanup(bed.close)
                bed.proxy("tproxy")
                plan = (*words, "--tproxy", str(PORT), "--udp", str(PORT), "--mode", "both")
                bed.plan(*plan, "apply")
                answers, done = {}, threading.Event()

                def ask(namespace, target):
                    while not done.is_set():
                        answer = bed.ask(namespace, target, timeout=10).split()[0]
                        answers[answer] = answers.get(answer, 0) + 1
                        done.wait(0.01)  # leave the processor to the applies
                threads = [threading.Thread(target=ask, args=(namespace, target))
                           for namespace in ("client", "gateway") for target in (TARGET4, TARGET6)]
                for thread in threads:
                    thread.start()
                try:
                    bed.plan(*plan, "repeat", str(APPLIES), timeout=500)
                finally:
                    done.set()
                    for thread in threads:
                        thread.join()
                self.assertEqual(set(answers), {"PROXIED"}, answers)
                self.assertGreater(answers["PROXIED"], APPLIES)
                bed.close()


if __name__ == "__main__":
    unittest.main()
