# SPDX-FileCopyrightText: 2026 The Sluice authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bad times: no descriptors, one side that ends early, resets or stops reading, slow senders, many connections, the end.

Not here: a connection on which nothing moves ends after a day, and a peer that vanished after some two minutes of
keepalive probes; both are too long for a test. That the probes are on is tested.
"""
import contextlib
import hashlib
import re
import signal
import socket
import time
import unittest

import netlab
import tutorial
from netlab import MANY4, SERVER4, Lab, SharedLab, echo, receive_all, receive_exactly, run, wait_until
from peers import client_hello, request_for

RED = "red://:12345?so_mark=100"
LARGE = 10_000_000
BLOCK = bytes(range(256)) * 256


def large_parts():
    sent = 0
    while sent < LARGE:
        part = BLOCK[:LARGE - sent]
        yield part
        sent += len(part)


def send_large(sock):
    for part in large_parts():
        sock.sendall(part)


def digest_of(parts):
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part)
    return digest.hexdigest()


def receive_digest(sock):
    return digest_of(iter(lambda: sock.recv(1 << 18), b""))


LARGE_DIGEST = digest_of(large_parts())


def round_trip(sock):
    """Seconds for one small echo."""
    before = time.monotonic()
    sock.sendall(b"ping")
    receive_exactly(sock, 4)
    return time.monotonic() - before


class Limits(SharedLab):
    RULES = (tutorial.REDIRECT_RULES, tutorial.REDIRECT_RULES6)
    ARGUMENTS = ("-L", RED)

    def clients(self, count, port, address=MANY4):
        """Connected clients, closed at the end of the test."""
        made = []
        for _ in range(count):
            made.append(self.lab.connect("client", address, port))
            self.addCleanup(made[-1].close)
        return made


class Descriptors(Limits):
    """At the descriptor limit clients wait in the queue; nothing spins, breaks or is lost."""
    BEFORE = ("prlimit", "--nofile=200:200")

    def tearDown(self):
        self.doCleanups()
        super().tearDown()

    def failing_accepts(self, seconds):
        """How many accept calls of the daemon fail in that time."""
        trace = self.lab.spawn(None, "strace", "-fc", "-e", "trace=accept4,accept", "-p", str(self.daemon.pid))
        wait_until(lambda: "attached" in trace.output(), "strace is attached")
        time.sleep(seconds)
        trace.stop(signal.SIGINT)
        errors = re.search(r"(\d+)\s+(\d+)\s+accept4$", trace.output(), re.MULTILINE)
        return int(errors.group(2)) if errors else 0

    def assert_calm_and_working(self, working):
        """Next to no CPU time, few useless accepts, and the flows that are there go on."""
        cpu = self.daemon.cpu_seconds()
        time.sleep(1)
        self.assertLess(self.daemon.cpu_seconds() - cpu, netlab.in_time(0.03))
        failing = self.failing_accepts(1)
        self.assertLess(failing, 50)
        for sock in working:
            self.assertLess(round_trip(sock), netlab.in_time(0.2))
        return failing

    def test_more_clients_than_the_budget(self):
        server = self.lab.serve("server", MANY4, 80, echo)
        working = self.clients(10, 80)
        for sock in working:
            round_trip(sock)
        others = self.clients(150, 80)
        wait_until(lambda: self.daemon.fd_count() > 100, "as many as possible are accepted")
        self.assert_calm_and_working(working)
        self.assertLess(len(server.peers), 100)
        for sock in others[:-1]:
            sock.close()
        self.assertLess(round_trip(others[-1]), netlab.in_time(2))  # it was last in the queue

    def test_no_descriptor_for_accept(self):
        self.lab.serve("server", MANY4, 81, echo)
        working = self.clients(5, 81)
        for sock in working:
            round_trip(sock)
        run("prlimit", "--pid", str(self.daemon.pid), f"--nofile={self.daemon.fd_count()}:200")
        waiting = self.clients(20, 81)
        self.assertGreater(self.assert_calm_and_working(working), 0)  # it did try
        run("prlimit", "--pid", str(self.daemon.pid), "--nofile=200:200")
        before = time.monotonic()
        for sock in waiting:
            round_trip(sock)
        self.assertLess(time.monotonic() - before, netlab.in_time(0.3))

    def test_no_descriptor_for_the_dial(self):
        """One is left: the client is accepted, and reset when there is none to dial with."""
        self.lab.serve("server", MANY4, 82, echo)
        run("prlimit", "--pid", str(self.daemon.pid), f"--nofile={self.daemon.fd_count() + 1}:200")
        self.assert_reset(MANY4, 82)
        run("prlimit", "--pid", str(self.daemon.pid), "--nofile=200:200")
        round_trip(self.clients(1, 82)[0])


class Endings(Limits):
    """One side ends, the other goes on; or one side breaks, and the other hears of it."""

    def test_reset_reaches_the_other_side(self):
        heard = []

        def serve(connection, _peer):
            connection.sendall(b"ready")
            order = connection.recv(10)
            if order == b"reset":
                netlab.reset(connection)
                return
            try:
                heard.append(connection.recv(1))
            except ConnectionResetError:
                heard.append("reset")

        self.lab.serve("server", MANY4, 83, serve)
        with self.subTest("the client resets"):
            sock = self.clients(1, 83)[0]
            receive_exactly(sock, 5)
            sock.sendall(b"wait")
            time.sleep(0.05)  # so that the server has it
            netlab.reset(sock)
            wait_until(lambda: heard, "the server hears of it", 1)
            self.assertEqual(heard, ["reset"])
        with self.subTest("the server resets"):
            sock = self.clients(1, 83)[0]
            receive_exactly(sock, 5)
            sock.settimeout(1)
            sock.sendall(b"reset")
            with self.assertRaises(ConnectionResetError):
                sock.recv(1)

    def test_keepalive_is_on_at_both_sides(self):
        self.lab.serve("server", MANY4, 84, echo)
        sock = self.clients(1, 84)[0]
        round_trip(sock)
        listed = wait_until(lambda: (text := self.lab.run("gateway", "ss", "-Htno", "state", "established").stdout)
                            .count("timer:(keepalive") == 2 and text, "both sockets wait for their first probe")
        self.assertEqual(len(listed.splitlines()), 2)
        sock.close()


class ClientsGone(Limits):
    """Clients that leave while the target does not answer: their dials end."""

    def test_clients_reset_while_dialling(self):
        self.lab.rules("server", "iptables -A INPUT -p tcp --dport 9 -j DROP")
        sockets = self.clients(200, 9)
        wait_until(lambda: self.daemon.socket_count() >= self.idle_sockets + 400, "all are dialled")
        for sock in sockets:
            netlab.reset(sock)
        wait_until(lambda: self.daemon.socket_count() == self.idle_sockets, "all dials are given up", 1)
        self.closed(200, reason="client gone")


class HalfClose(unittest.TestCase):
    """A side that has finished still gets everything, directly and through each kind of proxy (sluiced's own)."""
    PROXIES = ("http", "socks4", "socks5", "relay", "relay+tls", "http+tls", "socks5+tls")

    def setUp(self):
        self.lab = Lab()
        self.addCleanup(self.lab.close)
        self.lab.rules("gateway", tutorial.REDIRECT_RULES)
        self.results = []
        self.lab.serve("server", MANY4, 80, self.answer_after_the_end)
        self.lab.serve("server", MANY4, 81, self.end_then_receive)

    @staticmethod
    def answer_after_the_end(connection, _peer):
        receive_all(connection)
        send_large(connection)

    def end_then_receive(self, connection, _peer):
        connection.sendall(b"bye")
        connection.shutdown(socket.SHUT_WR)
        self.results.append(receive_digest(connection))

    def check(self):
        with self.lab.connect("client", MANY4, 80) as sock:
            sock.sendall(b"all of it")
            sock.shutdown(socket.SHUT_WR)
            self.assertEqual(receive_digest(sock), LARGE_DIGEST)
        self.results.clear()
        with self.lab.connect("client", MANY4, 81) as sock:
            self.assertEqual(receive_all(sock), b"bye")
            send_large(sock)
            sock.shutdown(socket.SHUT_WR)
            wait_until(lambda: self.results, "the upload has arrived")
        self.assertEqual(self.results, [LARGE_DIGEST])

    def test_directly(self):
        self.lab.sluiced("gateway", "-L", RED)
        self.check()

    def test_through_each_proxy(self):
        services = [word for number, kind in enumerate(self.PROXIES) for word in ("-L", f"{kind}://:{8000 + number}")]
        self.lab.sluiced("server", *services)
        for number, kind in enumerate(self.PROXIES):
            with self.subTest(proxy=kind):
                daemon = self.lab.sluiced("gateway", "-L", "red://:12345", "-F", f"{kind}://{SERVER4}:{8000 + number}?so_mark=100")
                try:
                    self.check()
                finally:
                    daemon.stop()


class Memory(Limits):
    """What connections cost, and that they cannot make it cost more."""

    def test_clients_that_stop_reading(self):
        def flood(connection, _peer):
            while True:
                connection.sendall(BLOCK)

        self.lab.serve("server", MANY4, 85, flood)
        self.lab.serve("server", MANY4, 86, echo)
        other = self.clients(1, 86)[0]
        round_trip(other)
        before = self.daemon.rss_kib()
        for sock in (slow := self.clients(40, 85)):
            receive_exactly(sock, 1000)
        time.sleep(1)  # the buffers of the kernel fill up
        self.assertLess(self.daemon.rss_kib() - before, 4 * 1024)
        self.assertLess(max(round_trip(other) for _ in range(20)), netlab.in_time(0.1))
        for sock in (*slow, other):
            netlab.reset(sock)

    def test_many_idle_connections(self):
        """Two thousand: a kilobyte for each, and all others are as fast as before."""
        self.lab.serve("server", MANY4, 87, echo, backlog=4096)
        first = self.clients(1, 87)[0]
        alone = sorted(round_trip(first) for _ in range(50))[40]
        before = self.daemon.rss_kib()
        sockets = self.clients(2000, 87)
        wait_until(lambda: self.daemon.socket_count() == self.idle_sockets + 2 * 2001, "all are relayed", 20)
        self.assertLess(self.daemon.rss_kib() - before, 2 * 1024)
        self.assertLess(sorted(round_trip(first) for _ in range(50))[40], netlab.in_time(alone + 0.02))
        for sock in (*sockets, first):
            netlab.reset(sock)


class SlowSenders(Limits):
    """Five hundred clients that send their first bytes one by one hold nobody up, and are forwarded when the time is over."""
    ARGUMENTS = ("-L", RED + "&sniffing=true&sniffing.timeout=3s")

    def test_slow_first_bytes(self):
        forwarded = []

        def serve(connection, peer):
            data = connection.recv(100)
            if data != b"\x00":
                forwarded.append(data)
            connection.sendall(data)
            echo(connection, peer)

        self.lab.serve("server", MANY4, 88, serve, backlog=1024)
        hello = client_hello("any.test")

        def exchange():
            before = time.monotonic()
            with self.lab.connect("client", MANY4, 88) as sock:
                sock.sendall(b"\x00")
                receive_exactly(sock, 1)
            return time.monotonic() - before

        alone = sorted(exchange() for _ in range(50))[48]
        before = self.daemon.rss_kib()
        started = time.monotonic()
        slow = self.clients(500, 88)
        duration = time.monotonic() - started
        for at in range(5):
            for number, sock in enumerate(slow):
                sock.sendall((hello if number % 2 else request_for("any.test"))[at:at + 1])
            self.assertLess(sorted(exchange() for _ in range(20))[18], netlab.in_time(alone + 0.05))
        self.assertLess(self.daemon.rss_kib() - before, 500 * 20)
        self.assertEqual(forwarded, [])
        for sock in slow:
            receive_exactly(sock, 5)
        self.assertLess(time.monotonic() - started, netlab.in_time(3.5 + duration))
        for sock in slow:
            netlab.reset(sock)


class Stopping(unittest.TestCase):
    def setUp(self):
        self.lab = Lab()
        self.addCleanup(self.lab.close)
        self.lab.rules("gateway", tutorial.REDIRECT_RULES)
        self.lab.serve("server", MANY4, 80, echo)

    def start(self, drain):
        self.daemon = self.lab.sluiced("gateway", "-L", RED, "--drain", drain)
        self.sock = self.lab.connect("client", MANY4, 80)
        round_trip(self.sock)

    def stop(self):
        """SIGTERM; waits until nothing listens any more. The open connection goes on."""
        self.daemon.popen.send_signal(signal.SIGTERM)

        def is_refused():
            with contextlib.suppress(ConnectionRefusedError):
                self.lab.connect("client", MANY4, 80).close()
                return False
            return True

        wait_until(is_refused, "new connections are refused", 1)
        round_trip(self.sock)

    def test_ends_when_the_last_connection_has(self):
        self.start("30s")
        self.stop()
        self.sock.close()
        self.assertEqual(self.daemon.popen.wait(10), 0)

    def test_ends_after_the_drain_time(self):
        self.start("1s")
        self.stop()
        self.assertEqual(self.daemon.popen.wait(3), 0)
        with contextlib.suppress(ConnectionResetError):
            self.assertEqual(self.sock.recv(1), b"")
        self.assertTrue(self.lab.closed(self.daemon, reason="stopped"))

    def test_second_signal_ends_it_at_once(self):
        self.start("30s")
        self.stop()
        before = time.monotonic()
        self.daemon.popen.send_signal(signal.SIGTERM)
        self.assertEqual(self.daemon.popen.wait(10), 0)
        self.assertLess(time.monotonic() - before, netlab.in_time(0.5))

    def test_ends_at_once_without_connections(self):
        self.start("30s")
        self.sock.close()
        self.lab.closed(self.daemon)
        before = time.monotonic()
        self.assertEqual(self.daemon.stop(), 0)
        self.assertLess(time.monotonic() - before, netlab.in_time(0.5))


if __name__ == "__main__":
    unittest.main(verbosity=2)
