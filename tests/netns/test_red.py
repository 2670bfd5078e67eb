# SPDX-FileCopyrightText: 2026 The Sluice authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The transparent TCP listener on diverted traffic: destinations, address families, loops, and who speaks first."""
import contextlib
import os
import random
import socket
import time
import unittest

import netlab
import tutorial
from netlab import (BIN, CLIENT4, CLIENT6, GATEWAY4, GATEWAY6, SERVER4, SERVER6, Lab, SharedLab, echo, receive_all,
                    receive_exactly, text_of, wait_until)

LISTENER = 12345
ALL_BYTES = bytes(range(256)) * 64
BOTH = (SERVER4, SERVER6)
GREETING = b"220 mail.test ESMTP\r\n"


def greet(connection, peer):
    """A server that speaks first, and then echoes."""
    connection.sendall(GREETING)
    echo(connection, peer)


class Red(SharedLab):
    def exchange(self, address, port, payload=ALL_BYTES, namespace="client"):
        with self.lab.connect(namespace, address, port) as sock:
            sock.sendall(payload)
            self.assertEqual(receive_exactly(sock, len(payload)), payload)
            sock.shutdown(socket.SHUT_WR)
            self.assertEqual(receive_all(sock), b"")

    def assert_refused_at_once(self, namespace, address, port=LISTENER):
        """A connection to the listener itself ends at once, as one session, without a byte."""
        before = time.monotonic()
        try:
            with self.lab.connect(namespace, address, port) as sock:
                self.assertEqual(sock.recv(100), b"")
        except ConnectionError:
            pass  # reset: just as well
        self.assertLess(time.monotonic() - before, netlab.in_time(0.5))

    def assert_no_loop(self, places):
        """Connects from each (namespace, address) to the listener; nothing multiplies and no descriptor stays."""
        for number, (namespace, address) in enumerate(places, 1):
            with self.subTest(namespace=namespace, address=address):
                self.assert_refused_at_once(namespace, address)
                self.closed(number, reason="not diverted")
        self.assertEqual(len(self.ended()) - self.seen, len(places))


LOCAL_PLACES = [("client", GATEWAY4), ("client", GATEWAY6), ("client", "::ffff:" + GATEWAY4),
                ("server", "10.77.10.2"), ("server", "fd77:10::2"),
                ("gateway", "127.0.0.1"), ("gateway", "127.0.0.9"), ("gateway", "::1"), ("gateway", "0.0.0.0"),
                ("gateway", GATEWAY4), ("gateway", "10.77.10.2"), ("gateway", "fd77:10::2"),
                ("gateway", "::ffff:127.0.0.1"), ("gateway", "::ffff:" + GATEWAY4)]


class Redirect(Red):
    RULES = (tutorial.REDIRECT_RULES, tutorial.REDIRECT_RULES6)
    ARGUMENTS = ("-L", f"red://:{LISTENER}?so_mark=100")

    def test_bytes_and_port_arrive_unchanged(self):
        for address in BOTH:
            for port in (80, 6379, 20480):  # 20480 is 80 with its bytes exchanged
                with self.subTest(address=address, port=port):
                    server = self.lab.serve("server", address, port, echo)
                    self.exchange(address, port)
                    self.assertNotIn(server.peers[0], (CLIENT4, CLIENT6))
                    entry = self.closed(dst=text_of(address, port))[-1]
                    self.assertEqual((entry["reason"], entry["inputBytes"], entry["outputBytes"]),
                                     ("finished", len(ALL_BYTES), len(ALL_BYTES)))

    def test_local_programs_are_diverted_too(self):
        for address in BOTH:
            self.lab.serve("server", address, 81, echo)
            self.exchange(address, 81, namespace="gateway")
            self.closed(dst=text_of(address, 81), reason="finished")

    def test_server_that_speaks_first(self):
        for address in BOTH:
            self.lab.serve("server", address, 25, greet)
            with self.lab.connect("client", address, 25) as sock:
                self.assertEqual(receive_exactly(sock, len(GREETING)), GREETING)

    def test_ipv4_client_of_the_dual_listener_is_ipv4(self):
        """No ::ffff: form anywhere."""
        self.lab.serve("server", SERVER4, 82, echo)
        self.exchange("::ffff:" + SERVER4, 82, b"mapped")
        entry = self.closed(dst=f"{SERVER4}:82")[-1]
        self.assertEqual(entry["client"], CLIENT4)
        self.assertNotIn("::ffff", str(entry))

    def test_refused_connection_is_refused_to_the_client(self):
        for address in BOTH:
            self.assert_reset(address, 4)
            self.closed(dst=text_of(address, 4), reason="dial failed")

    def test_connection_to_the_listener_itself_makes_no_loop(self):
        self.assert_no_loop(LOCAL_PLACES)

    def test_hundred_connections_to_the_listener_itself(self):
        for _ in range(100):
            self.assert_refused_at_once("client", GATEWAY4)
        self.closed(100, reason="not diverted")

    def test_lost_destination_closes_only_that_connection(self):
        """The connection-tracking entry disappears between the kernel's accept and the daemon's."""
        self.lab.serve("server", SERVER4, 83, echo)
        with self.daemon.paused():
            sock = self.lab.connect("client", SERVER4, 83)
            self.lab.run("gateway", "conntrack", "-F")
        self.closed(reason="not diverted")
        sock.close()
        self.exchange(SERVER4, 83, b"the next one works")


class RedirectWithoutRules(Red):
    """A listener that nothing is diverted to: not even connection tracking knows its connections."""
    ARGUMENTS = ("-L", f"red://:{LISTENER}?sniffing=true")

    def test_connection_to_the_listener_itself_makes_no_loop(self):
        self.assert_no_loop(LOCAL_PLACES)


class RedirectToIpv4(Red):
    """0.0.0.0 is IPv4 only; an address list of IPv4 applies to the clients of a dual listener."""
    RULES = (tutorial.REDIRECT_RULES, tutorial.REDIRECT_RULES6)
    ARGUMENTS = ("-L", f"red://0.0.0.0:{LISTENER}?so_mark=100&bypass=10.78.0.5,{SERVER4}:90")

    def test_ipv6_clients_are_refused(self):
        self.lab.serve("server", SERVER4, 80, echo)
        self.exchange(SERVER4, 80)
        with self.assertRaises(ConnectionRefusedError):
            self.lab.connect("client", SERVER6, 80)

    def test_blocked_address(self):
        for address, port in (("10.78.0.5", 80), (SERVER4, 90)):
            server = self.lab.serve("server", address, port, echo)
            self.assert_reset(address, port)
            self.closed(dst=f"{address}:{port}", reason="blocked")
            self.assertEqual(server.peers, [])


class Tproxy(Red):
    RULES = (tutorial.TPROXY_RULES, tutorial.TPROXY_RULES6, tutorial.TPROXY_LOCAL_RULES, tutorial.TPROXY_LOCAL_RULES6)
    ARGUMENTS = ("-L", f"red://:{LISTENER}?tproxy=true&so_mark=100")

    def test_both_families_on_one_listener(self):
        for address in BOTH:
            for port in (80, 6379, LISTENER):  # the port of the listener, but another machine: no loop
                with self.subTest(address=address, port=port):
                    server = self.lab.serve("server", address, port, echo)
                    self.exchange(address, port)
                    self.assertNotIn(server.peers[0], (CLIENT4, CLIENT6))
                    self.closed(dst=text_of(address, port), reason="finished")

    def test_local_programs_are_diverted_too(self):
        """The answers of the transparent sockets pass OUTPUT and must not be diverted again."""
        for address in BOTH:
            self.lab.serve("server", address, 81, echo)
            self.exchange(address, 81, namespace="gateway")
            self.closed(dst=text_of(address, 81), reason="finished")

    def test_connection_to_the_listener_itself_makes_no_loop(self):
        self.assert_no_loop(LOCAL_PLACES)

    def test_server_that_speaks_first(self):
        for address in BOTH:
            self.lab.serve("server", address, 25, greet)
            with self.lab.connect("client", address, 25) as sock:
                self.assertEqual(receive_exactly(sock, len(GREETING)), GREETING)


class TproxyWithoutRight(unittest.TestCase):
    def test_start_fails_with_a_sentence(self):
        lab = Lab()
        self.addCleanup(lab.close)
        result = lab.run("gateway", "setpriv", "--bounding-set=-net_raw,-net_admin", "--inh-caps=-net_raw,-net_admin",
                         os.path.join(BIN, "sluiced"), "-L", f"red://:{LISTENER}?tproxy=true", check=False)
        self.assertEqual(result.returncode, 1)
        self.assertIn("CAP_NET_RAW", result.stderr)
        self.assertNotIn("is listening", result.stderr)

    def test_mark_that_cannot_be_set_fails_the_start(self):
        lab = Lab()
        self.addCleanup(lab.close)
        result = lab.run("gateway", "setpriv", "--bounding-set=-net_raw,-net_admin", "--inh-caps=-net_raw,-net_admin",
                         os.path.join(BIN, "sluiced"), "-L", f"red://:{LISTENER}?so_mark=100", check=False)
        self.assertEqual(result.returncode, 1)
        self.assertIn("cannot set mark 100", result.stderr)


class SniffingSpeed(Red):
    """With sniffing on, nothing that is no HTTP and no TLS is lost or kept waiting."""
    RULES = (tutorial.REDIRECT_RULES, tutorial.REDIRECT_RULES6)
    ARGUMENTS = ("-L", f"red://:{LISTENER}?sniffing=true&so_mark=100")

    def test_server_that_speaks_first(self):
        for address in BOTH:
            self.lab.serve("server", address, 25, greet)
            waits = []
            for _ in range(5):
                before = time.monotonic()
                with self.lab.connect("client", address, 25) as sock:
                    self.assertEqual(receive_exactly(sock, len(GREETING)), GREETING)
                    waits.append(time.monotonic() - before)
                    sock.sendall(b"EHLO me\r\n")
                    self.assertEqual(receive_exactly(sock, 9), b"EHLO me\r\n")
            self.assertLess(max(waits), netlab.in_time(0.3), waits)
            self.assertLess(sorted(waits)[2], netlab.in_time(0.025), waits)  # dialled in parallel, not when the deadline is over

    def test_first_bytes_of_other_protocols(self):
        self.lab.serve("server", SERVER4, 22, echo)
        generator = random.Random(26)
        for payload in (b"SSH-2.0-OpenSSH_9.2\r\n", b"*1\r\n$4\r\nPING\r\n", generator.randbytes(7), b"hi", b"\x16",
                        b"\x16text and no TLS", b"\x80\x2e\x01\x00\x02", b"GET", b"G", b"\r\n", b"get / http\n"):
            with self.subTest(payload=payload):
                with self.lab.connect("client", SERVER4, 22) as sock:
                    sock.sendall(payload)
                    self.assertEqual(receive_exactly(sock, len(payload)), payload)

    def test_end_without_a_byte(self):
        received = []
        self.lab.serve("server", SERVER4, 23, lambda connection, peer: received.append(receive_all(connection)))
        with self.lab.connect("client", SERVER4, 23) as sock:
            sock.shutdown(socket.SHUT_WR)
            self.assertEqual(receive_all(sock), b"")
        wait_until(lambda: received == [b""], "the server sees the end")

    def test_reset_without_a_byte(self):
        self.lab.serve("server", SERVER4, 24, echo)
        for _ in range(20):
            netlab.reset(self.lab.connect("client", SERVER4, 24))
        self.closed(20)


class WithoutMark(Red):
    """Rules that divert the daemon's own connections too: forgotten marks. One connection must not take them all."""
    RULES = (tutorial.REDIRECT_RULES, tutorial.REDIRECT_RULES6)
    ARGUMENTS = ("-L", f"red://:{LISTENER}", "--workers", "3")

    def test_own_connection_is_not_forwarded_again(self):
        for address in BOTH:
            self.lab.serve("server", address, 80, echo)
            for namespace in ("client", "gateway"):
                for _ in range(10):
                    with self.assertRaises(ConnectionResetError):
                        with self.lab.connect(namespace, address, 80) as sock:
                            sock.recv(1)
        looped = self.closed(40, reason="not diverted")
        self.assertIn("so_mark", looped[0]["err"])
        # With several workers a turn may be missed now and then; never many.
        self.assertLess(len(self.ended()) - self.seen, 40 * 2 + 40)


class SharedPorts(Red):
    """Programs on the gateway itself. The kernel gives one local port to connections with different destinations, so
    many of theirs have the same local end as one of the daemon's."""
    RULES = (tutorial.REDIRECT_RULES,)
    ARGUMENTS = ("-L", f"red://:{LISTENER}?so_mark=100")

    def test_connection_that_shares_a_port_with_the_daemon_is_served(self):
        ports = self.lab.run("gateway", "sysctl", "-n", "net.ipv4.ip_local_port_range").stdout.strip()
        self.addCleanup(self.lab.sysctl, "gateway", f"net.ipv4.ip_local_port_range={ports}")
        self.lab.sysctl("gateway", "net.ipv4.ip_local_port_range=40000 40099")
        self.lab.serve("server", "0.0.0.0", 80, echo)
        with contextlib.ExitStack() as held:
            for number in range(80):
                sock = held.enter_context(self.lab.connect("gateway", f"10.78.0.{number + 1}", 80))
                sock.sendall(b"x")
                self.assertEqual(sock.recv(1), b"x", f"connection {number + 1}")


class NodeOnInterceptedAddress(Red):
    """The proxy node's own address is diverted: the clients reach it directly, the daemon does not loop."""
    RULES = (tutorial.REDIRECT_RULES, tutorial.REDIRECT_RULES6)

    @classmethod
    def setUpClass(cls):
        cls.ARGUMENTS = ("-L", f"red://:{LISTENER}", "-F", f"http://{SERVER4}:1080?so_mark=100")
        super().setUpClass()

    def test_client_reaches_the_node(self):
        requests = []

        def proxy(connection, peer):
            head = b""
            while not head.endswith(b"\r\n\r\n"):
                head += receive_exactly(connection, 1)
            requests.append(head.split(b"\r\n")[0].decode())
            connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            echo(connection, peer)

        self.lab.serve("server", SERVER4, 1080, proxy)
        for namespace in ("client", "gateway"):
            self.exchange(SERVER4, 1080, b"to the node itself", namespace)
            self.exchange(SERVER4, 80, b"through the node", namespace)
        self.assertEqual(requests, [f"CONNECT {SERVER4}:1080 HTTP/1.1", f"CONNECT {SERVER4}:80 HTTP/1.1"] * 2)


if __name__ == "__main__":
    unittest.main(verbosity=2)
