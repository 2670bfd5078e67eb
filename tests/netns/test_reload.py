# SPDX-FileCopyrightText: 2026 The Sluice authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""SIGHUP on a daemon that works: nothing that is not changed is touched, and a faulty file changes nothing."""
import os
import signal
import threading
import unittest

from netlab import MANY4, SERVER4, Lab, echo, receive_exactly, wait_until
from peers import HttpProxy

RULES = """
iptables -t nat -A PREROUTING -i gw-c -p tcp --dport 80 -j REDIRECT --to-ports 12345
iptables -t nat -A PREROUTING -i gw-c -p tcp --dport 81 -j REDIRECT --to-ports 12346
"""


def service(name, port, more=""):
    return f"- {{name: {name}, addr: ':{port}', handler: {{type: red}}, listener: {{type: red}}{more}}}\n"


FIRST = service("first", 12345)
SECOND = service("second", 12346)


class Reload(unittest.TestCase):
    def setUp(self):
        self.lab = Lab()
        self.addCleanup(self.lab.close)
        self.lab.rules("gateway", RULES)
        for port in (80, 81):
            self.lab.serve("server", MANY4, port, echo, backlog=1024)

    def start(self, services):
        self.path = self.lab.file("reload.yaml", "services:\n" + services)
        self.daemon = self.lab.sluiced("gateway", "-C", self.path)

    def reload(self, services=None, rest="", text=None, wanted="the new configuration is in use"):
        """Writes the file (whole, by renaming), sends SIGHUP, and waits until the daemon has said `wanted` again."""
        if services is not None or text is not None:
            fresh = self.lab.file("fresh.yaml", text if text is not None else "services:\n" + services + rest)
            os.rename(fresh, self.path)
        said = self.daemon.output().count(wanted)
        self.daemon.popen.send_signal(signal.SIGHUP)
        wait_until(lambda: self.daemon.output().count(wanted) > said, f"the daemon says: {wanted}\n{self.daemon.output()[-2000:]}")

    def exchange(self, port=80, payload=b"ping", sock=None):
        sock = sock or self.lab.connect("client", MANY4, port)
        sock.sendall(payload)
        self.assertEqual(receive_exactly(sock, len(payload)), payload)
        return sock

    def listening(self):
        """Ports that accept TCP in the gateway, on either family."""
        lines = self.lab.run("gateway", "ss", "-Hltn").stdout.splitlines()
        return {int(line.split()[3].rsplit(":", 1)[1]) for line in lines}

    def listening_inodes(self):
        lines = self.lab.run("gateway", "ss", "-Hltne").stdout.splitlines()
        return {word for line in lines for word in line.split() if word.startswith("ino:")}

    def test_open_connections_and_unchanged_listeners_stay(self):
        self.start(FIRST + SECOND)
        inodes = self.listening_inodes()
        open_before = [self.exchange(port) for port in (80, 81)]
        for _ in range(5):
            self.reload()
        for sock in open_before:
            self.exchange(sock=sock)
        self.assertEqual(self.listening_inodes(), inodes)

    def test_new_and_removed_services(self):
        self.start(FIRST)
        self.assertEqual(self.listening(), {12345})
        kept = self.exchange()
        self.reload(FIRST + SECOND)
        self.assertEqual(self.listening(), {12345, 12346})
        removed = self.exchange(81)
        self.reload(FIRST)
        self.assertEqual(self.listening(), {12345})
        self.exchange(sock=removed)  # its service is gone, it goes on
        self.exchange(sock=kept)
        self.reload(SECOND)
        self.assertEqual(self.listening(), {12346})
        self.exchange(81)
        with self.assertRaises(ConnectionRefusedError):
            self.lab.connect("client", MANY4, 80)

    def test_service_moves_to_another_port(self):
        self.start(FIRST)
        kept = self.exchange()
        self.reload(service("first", 12346))
        self.assertEqual(self.listening(), {12346})
        self.exchange(81)
        self.exchange(sock=kept)

    def test_two_services_exchange_their_ports(self):
        self.start(FIRST + SECOND)
        inodes = self.listening_inodes()
        self.reload(service("first", 12346) + service("second", 12345))
        self.exchange(80).close()
        self.lab.closed(self.daemon, service="second")
        self.assertEqual(self.listening_inodes(), inodes)

    def test_open_connections_keep_their_route(self):
        """Those that come later take the new one."""
        old, new = (HttpProxy(self.lab, SERVER4, port) for port in (1080, 1081))

        def chain(port):
            return f"""
chains:
- name: chain-0
  hops: [{{name: hop-0, nodes: [{{name: node-0, addr: "{SERVER4}:{port}", connector: {{type: http}}, dialer: {{type: tcp}}}}]}}]
"""
        chained = FIRST.replace("{type: red}", "{type: red, chain: chain-0}", 1)
        self.start(chained + chain(1080))
        before = self.exchange()
        self.reload(chained, chain(1081))
        self.exchange(sock=before)
        self.exchange()
        self.assertEqual((old.requests, new.requests), ([f"{MANY4}:80"], [f"{MANY4}:80"]))

    def test_rule_of_policy_takes_effect(self):
        self.start(FIRST)
        self.exchange()
        blocked = f"bypasses: [{{name: bypass-0, matchers: [{MANY4}]}}]"
        self.reload(service("first", 12345, ", bypass: bypass-0"), blocked)
        with self.assertRaises(ConnectionResetError):
            self.exchange()
        self.reload(FIRST)
        self.exchange()

    def test_faulty_files_change_nothing(self):
        self.start(FIRST)
        inodes = self.listening_inodes()
        kept = self.exchange()
        taken = self.lab.listen("gateway", "0.0.0.0", 12347)
        # The new second service comes before the fault in each: it must not be left behind.
        for name, text in (("no YAML", "services: ["), ("empty", ""), ("unknown handler", SECOND + FIRST.replace("red", "rod", 1)),
                           ("missing chain", SECOND + FIRST.replace("{type: red}", "{type: red, chain: no}", 1)),
                           ("address in use", SECOND + service("third", 12347)),
                           ("no address", SECOND + service("third", "nowhere")),
                           ("two on one port", SECOND + service("third", 12346)),
                           ("unknown connector", SECOND + FIRST + "chains: [{name: c, hops: [{name: h, nodes: "
                            "[{name: n, addr: 'a:1', connector: {type: rod}}]}]}]")):
            with self.subTest(fault=name):
                whole = text if name in ("no YAML", "empty") else "services:\n" + text
                try:
                    self.reload(text=whole, wanted="the old one goes on")
                finally:
                    self.assertIsNone(self.daemon.popen.poll())
                self.assertEqual(self.listening_inodes() - {f"ino:{os.fstat(taken.fileno()).st_ino}"}, inodes)
                self.exchange(sock=kept)
                self.exchange().close()
        with self.subTest("file is gone"):
            os.remove(self.path)
            self.reload(wanted="the old one goes on")
            self.exchange().close()
        taken.close()
        self.reload(FIRST + SECOND)
        self.exchange(80)
        self.exchange(81)
        self.exchange(sock=kept)

    def test_no_connection_is_refused_during_reloads(self):
        """Clients connect all the time, to a service that stays and past one that comes and goes."""
        self.start(FIRST)
        failures, done, count = [], threading.Event(), [0]

        def connect():
            while not done.is_set():
                try:
                    with self.lab.connect("client", MANY4, 80, timeout=5) as sock:
                        self.exchange(sock=sock)
                        count[0] += 1
                except (OSError, AssertionError) as failure:
                    failures.append(repr(failure))

        threads = [threading.Thread(target=connect) for _ in range(4)]
        for thread in threads:
            thread.start()
        before = count[0]
        sockets = self.daemon.fd_count()
        try:
            for number in range(20):
                self.reload(FIRST + (SECOND if number % 2 == 0 else ""))
        finally:
            done.set()  # or the threads would keep the test alive for ever
            for thread in threads:
                thread.join(10)
        self.assertEqual(failures, [])
        self.assertGreater(count[0] - before, 50)
        self.assertLessEqual(self.daemon.fd_count(), sockets + 16)  # nothing piles up

    def test_many_signals_at_once(self):
        self.start(FIRST)
        kept = self.exchange()
        for _ in range(50):
            self.daemon.popen.send_signal(signal.SIGHUP)
        self.reload(FIRST + SECOND)
        self.exchange(sock=kept)
        wait_until(lambda: self.listening() == {12345, 12346}, "the last file is in use")


if __name__ == "__main__":
    unittest.main(verbosity=2)
