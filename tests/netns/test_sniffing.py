# SPDX-FileCopyrightText: 2026 The Sluice authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sniffing on real traffic: which name is dialled, that no byte changes, and that no policy can be talked away."""
import random
import socket
import threading
import time
import unittest

import netlab
import tutorial
from netlab import GATEWAY4, MANY4, SERVER4, SERVER6, SharedLab, echo, receive_all, receive_exactly, wait_until
from peers import HttpProxy, NameServer, Recorder, RelayProxy, client_hello, read_head, request_for

NAMES = {"named.test": [SERVER4], "six.test": [SERVER6], "two.test": ["10.78.9.9", SERVER4], "slow.test": [SERVER4]}
HELLO = client_hello("named.test")
PLAIN = b"\x00\x01 no known protocol"


def config(service="", handler="", metadata="", rest=""):
    return f"""
services:
- name: service-0
  addr: :12345
  sockopts: {{mark: 100}}
  resolver: resolver-0
  {service}
  handler:
    type: red
    {handler}
    metadata:
      sniffing: true
      {metadata}
  listener: {{type: red}}
resolvers:
- name: resolver-0
  nameservers: [{{addr: {SERVER4}, timeout: 2s}}]
{rest}
"""


class Sniffing(SharedLab):
    RULES = (tutorial.REDIRECT_RULES, tutorial.REDIRECT_RULES6)
    CONFIG = config()

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.name_server = NameServer(cls.lab, SERVER4, NAMES)

    def exchange(self, address, port, payload, namespace="client"):
        """The server behind `address` echoes the payload; returns what it took."""
        before = time.monotonic()
        with self.lab.connect(namespace, address, port) as sock:
            sock.sendall(payload)
            self.assertEqual(receive_exactly(sock, len(payload)), payload)
            return time.monotonic() - before


class NameIsDialled(Sniffing):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.named = Recorder(cls.lab, SERVER4, 80)
        cls.named_tls = Recorder(cls.lab, SERVER4, 443)
        cls.named6 = Recorder(cls.lab, SERVER6, 80)
        cls.original = {port: Recorder(cls.lab, MANY4, port) for port in (25, 80, 443)}

    def test_host_with_another_port_dials_the_original_port(self):
        for host in ("named.test:8080", f"{SERVER4}:8080", "NAMED.test.", SERVER4):
            with self.subTest(host=host):
                count = len(self.named.received)
                self.exchange(MANY4, 80, request_for(host))
                self.assertEqual(len(self.named.received), count + 1)
                self.closed(dst=f"{MANY4}:80", reason="finished")

    def test_server_name_is_dialled_on_any_port(self):
        for port, recorder in ((443, self.named_tls), (80, self.named)):
            count = len(recorder.received)
            self.exchange(MANY4, port, HELLO)
            self.assertEqual(recorder.received[count:], [HELLO])
            self.closed(host=f"named.test:{port}", proto="tls")
        count = len(self.named_tls.received)
        self.exchange(MANY4, 443, request_for("named.test"))  # and plain HTTP on 443
        self.assertEqual(len(self.named_tls.received), count + 1)

    def test_name_may_lead_to_the_other_family(self):
        self.exchange(MANY4, 80, request_for("six.test"))
        self.assertEqual(self.named6.received[-1], request_for("six.test"))

    def test_next_address_of_a_name_is_tried(self):
        self.exchange(MANY4, 80, request_for("two.test"))
        self.assertEqual(self.named.received[-1], request_for("two.test"))

    def test_request_arrives_byte_by_byte_as_it_was(self):
        for head in (b"GET / HTTP/1.1\r\nHost: named.test\r\nx-LOWER: 1\r\n\r\n",
                     b"GET / HTTP/1.1\r\nZ: 1\r\nA: 2\r\nhOST:named.test\r\n\r\n",
                     b"GET / HTTP/1.0\r\nHost: named.test\r\n\r\n",
                     b"POST /a HTTP/1.1\r\nHost: named.test\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                     b"GET / HTTP/1.1\nHost: named.test\n\n",
                     b"GET / HTTP/1.1\r\nX: 1\r\n folded\r\nHost: named.test\r\n\r\n",
                     b"GET /\xff\xfe HTTP/1.1\r\nHost: named.test\r\nX: \xc3\xa4\r\n\r\n",
                     b"PROPFIND / HTTP/1.1\r\nHost: named.test\r\n\r\n"):
            with self.subTest(head=head):
                self.exchange(MANY4, 80, head + b"and a body\x00\xff")
                self.assertEqual(self.named.received[-1], head + b"and a body\x00\xff")

    def test_untrustworthy_requests_go_to_the_original_destination_as_they_were(self):
        """No name, or more than one: nothing is guessed, nothing is changed."""
        for head in (b"GET / HTTP/1.1\r\n\r\n", b"GET / HTTP/1.1\r\nHost:\r\n\r\n",
                     b"GET / HTTP/1.1\r\nHost: named.test\r\nHost: other.test\r\n\r\n",
                     b"GET / HTTP/1.1\r\nHost : named.test\r\n\r\n",
                     b"GET / HTTP/1.1\r\nHost: named.test\r\n folded\r\n\r\n",
                     b"GET / HTTP/1.1\r\nHost: user@named.test\r\n\r\n",
                     b"GET / HTTP/1.1\r\nHost: a/b\r\n\r\n",
                     b"GET http://named.test/ HTTP/1.1\r\nHost: other.test\r\n\r\n",
                     b"GET / HTTP/1.1\r\nHost: na\x00med.test\r\n\r\n",
                     b"GET / HTTP/1.1\r\nHost: " + b"a" * 300 + b".test\r\n\r\n"):
            with self.subTest(head=head):
                count = len(self.original[80].received)
                self.exchange(MANY4, 80, head)
                self.assertEqual(self.original[80].received[count:], [head])

    def test_proxy_requests_go_to_the_original_destination(self):
        """The client means the proxy that it has configured, not the name in its request."""
        for head in (b"CONNECT named.test:443 HTTP/1.1\r\nHost: named.test:443\r\n\r\n",
                     b"GET http://named.test/ HTTP/1.1\r\nHost: named.test\r\n\r\n"):
            self.exchange(MANY4, 80, head)
            self.assertEqual(self.original[80].received[-1], head)

    def test_http2_with_prior_knowledge(self):
        preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\x00\x00\x00\x04\x00\x00\x00\x00\x00"
        self.exchange(MANY4, 80, preface)
        self.assertEqual(self.original[80].received[-1], preface)

    def test_hello_without_a_name_goes_to_the_original_destination(self):
        self.exchange(MANY4, 443, client_hello())
        self.assertEqual(self.original[443].received[-1], client_hello())

    def test_hello_in_small_records(self):
        for size in (1, 100, 5000):
            hello = client_hello("named.test", size)
            self.exchange(MANY4, 443, hello)
            self.assertEqual(self.named_tls.received[-1], hello, size)

    def test_hello_in_segments(self):
        for pieces in ((3,), (1, 2, 3, 4, 5, 6), (400,)):
            with self.subTest(pieces=pieces):
                with self.lab.connect("client", MANY4, 443) as sock:
                    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    at = 0
                    for end in (*pieces, len(HELLO)):
                        sock.sendall(HELLO[at:end])
                        at = end
                        time.sleep(0.03)  # the pause is the case
                    self.assertEqual(receive_exactly(sock, len(HELLO)), HELLO)
                self.assertEqual(self.named_tls.received[-1], HELLO)

    def test_start_of_a_hello_then_silence_is_forwarded_after_the_timeout(self):
        for start in (HELLO[:5], HELLO[:100], b"GET / HTTP/1.1\r\nHost: na"):
            took = self.exchange(MANY4, 443, start)
            self.assertTrue(0.25 < took < 0.6, took)
            self.assertEqual(self.original[443].received[-1], start)

    def test_banners_of_servers_that_speak_first(self):
        banners = {21: b"220 ftp.test ready\r\n", 22: b"SSH-2.0-OpenSSH_9.2\r\n", 587: b"220 mail.test ESMTP\r\n",
                   3306: b"\x4a\x00\x00\x00\x0a8.0.36\x00", 6667: b":irc.test NOTICE AUTH :*** Looking up\r\n"}

        def greet(connection, peer):
            connection.sendall(banners[connection.getsockname()[1]])
            echo(connection, peer)

        for port, banner in banners.items():
            with self.subTest(port=port):
                self.lab.serve("server", MANY4, port, greet)
                before = time.monotonic()
                with self.lab.connect("client", MANY4, port) as sock:
                    self.assertEqual(receive_exactly(sock, len(banner)), banner)
                    self.assertLess(time.monotonic() - before, netlab.in_time(0.3))
                    sock.sendall(request_for("named.test"))  # whatever follows stays on this connection
                    self.assertEqual(receive_exactly(sock, len(request_for("named.test"))), request_for("named.test"))
                self.closed(dst=f"{MANY4}:{port}", reason="finished")

    def test_client_that_speaks_late_is_still_sniffed(self):
        """Later than the parallel dial to the original destination, earlier than the deadline."""
        with self.lab.connect("client", MANY4, 80) as sock:
            time.sleep(0.1)
            sock.sendall(request_for("named.test"))
            receive_exactly(sock, len(request_for("named.test")))
        self.assertEqual(self.named.received[-1], request_for("named.test"))
        self.closed(host="named.test:80", proto="http")

    def test_random_first_bytes_arrive_unchanged(self):
        generator = random.Random(16)
        starts = (b"", b"\x16", b"\x16\x03\x01", b"GET ", b"PRI * ", b"\x80")
        sent = [generator.choice(starts) + generator.randbytes(generator.randrange(1, 600)) for _ in range(300)]
        for payload in sent:
            with self.lab.connect("client", MANY4, 25) as sock:
                sock.sendall(payload)
                sock.shutdown(socket.SHUT_WR)  # the end decides at once
                self.assertEqual(receive_all(sock), payload)

    def test_idle_flows_past_the_timeout_cost_nothing(self):
        self.lab.serve("server", MANY4, 26, echo)
        sockets = [self.lab.connect("client", MANY4, 26) for _ in range(200)]
        time.sleep(0.5)  # past the deadline of each
        before = self.daemon.cpu_seconds()
        time.sleep(1)
        self.assertLessEqual(self.daemon.cpu_seconds() - before, netlab.in_time(0.02))
        for sock in sockets:
            sock.close()


class TunnelledHttp(Sniffing):
    """Once it is known where to, HTTP is bytes like any other."""

    def serve(self, port, *answers):
        """A server that gives one answer after each request head."""
        def handle(connection, _peer):
            for answer in answers:
                read_head(connection)
                connection.sendall(answer)
        return self.lab.serve("server", SERVER4, port, handle)

    def test_second_request_after_a_chunked_answer(self):
        answer = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"
        self.serve(80, answer, answer)
        with self.lab.connect("client", MANY4, 80) as sock:
            for _ in range(2):
                sock.sendall(request_for("named.test"))
                self.assertEqual(receive_exactly(sock, len(answer)), answer)

    def test_early_hints(self):
        answer = b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
        self.serve(81, answer)
        with self.lab.connect("client", MANY4, 81) as sock:
            sock.sendall(request_for("named.test"))
            self.assertEqual(receive_all(sock), answer)

    def test_bytes_right_behind_the_upgrade(self):
        answer = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\nHELLO"
        self.serve(82, answer)
        with self.lab.connect("client", MANY4, 82) as sock:
            sock.sendall(request_for("named.test"))
            self.assertEqual(receive_all(sock), answer)

    def test_second_request_for_another_host_stays_on_the_connection(self):
        """Policy is decided once for each connection. The second request never reaches the other host."""
        answer = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
        first = self.serve(83, answer, answer)
        other = self.lab.serve("server", SERVER6, 83, echo)
        with self.lab.connect("client", MANY4, 83) as sock:
            for host in ("named.test", "six.test"):
                sock.sendall(request_for(host))
                self.assertEqual(receive_exactly(sock, len(answer)), answer)
        self.assertEqual((len(first.peers), len(other.peers)), (1, 0))

    def test_slow_answers(self):
        """No deadline once bytes are relayed: an answer after 16 s, and one that streams for 12 s to a client that has
        finished. Both at once."""
        def late(connection, _peer):
            read_head(connection)
            time.sleep(16)
            connection.sendall(b"late")

        def streaming(connection, _peer):
            receive_all(connection)
            for number in range(12):
                connection.sendall(b"%02d" % number)
                time.sleep(1)

        self.lab.serve("server", SERVER4, 84, late)
        self.lab.serve("server", SERVER4, 85, streaming)
        got = {}

        def fetch(port, finishes):
            with self.lab.connect("client", MANY4, port, timeout=30) as sock:
                sock.sendall(request_for("named.test"))
                if finishes:
                    sock.shutdown(socket.SHUT_WR)
                got[port] = receive_all(sock)

        threads = [threading.Thread(target=fetch, args=arguments) for arguments in ((84, False), (85, True))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        self.assertEqual(got, {84: b"late", 85: b"".join(b"%02d" % number for number in range(12))})

    def test_large_upload_needs_no_memory(self):
        total = 1 << 30
        counted = []

        def count(connection, _peer):
            received = 0
            buffer = bytearray(1 << 20)
            while size := connection.recv_into(buffer):
                received += size
            counted.append(received)

        self.lab.serve("server", SERVER4, 443, count)
        before = self.daemon.rss_kib()
        largest = before
        with self.lab.connect("client", MANY4, 443) as sock:
            sock.sendall(HELLO)
            block = bytes(1 << 20)
            for number in range(total >> 20):
                sock.sendall(block)
                if number % 64 == 0:
                    largest = max(largest, self.daemon.rss_kib())
        wait_until(lambda: counted, "the upload has arrived", 30)
        self.assertEqual(counted, [total + len(HELLO)])
        self.assertLess(max(largest, self.daemon.rss_kib()) - before, 32 * 1024)


class LongTimeout(Sniffing):
    CONFIG = config(metadata="sniffing.timeout: 5s")

    def test_pause_within_the_timeout(self):
        recorder = Recorder(self.lab, SERVER4, 443)
        with self.lab.connect("client", MANY4, 443) as sock:
            sock.sendall(HELLO[:3])
            time.sleep(0.5)
            sock.sendall(HELLO[3:])
            self.assertEqual(receive_exactly(sock, len(HELLO)), HELLO)
        self.assertEqual(recorder.received, [HELLO])

    def test_server_that_speaks_first_does_not_wait_for_it(self):
        self.lab.serve("server", MANY4, 25, lambda connection, peer: connection.sendall(b"220 hello\r\n"))
        before = time.monotonic()
        with self.lab.connect("client", MANY4, 25) as sock:
            self.assertEqual(receive_all(sock), b"220 hello\r\n")
        self.assertLess(time.monotonic() - before, netlab.in_time(0.3))


class WithoutFallback(Sniffing):
    """A name that cannot be dialled ends the connection."""

    def test_unknown_name(self):
        original = Recorder(self.lab, MANY4, 80)
        self.assert_reset(MANY4, 80, request_for("missing.test"))
        self.assert_reset(MANY4, 80, client_hello("missing.test"))
        self.closed(2, host="missing.test:80", reason="dial failed")
        self.assertEqual(original.received, [])


class WithFallback(Sniffing):
    CONFIG = config(metadata="sniffing.fallback: true")

    def test_unknown_name(self):
        original = Recorder(self.lab, MANY4, 80)
        for payload in (request_for("missing.test"), client_hello("missing.test")):
            self.exchange(MANY4, 80, payload)
            self.assertEqual(original.received[-1], payload)  # once, and whole
        self.assertIn(("missing.test", 1), self.name_server.questions)

    def test_name_that_does_not_answer(self):
        """It exists, but nothing listens there on this port."""
        original = Recorder(self.lab, MANY4, 81)
        self.exchange(MANY4, 81, request_for("named.test"))
        self.assertEqual(original.received, [request_for("named.test")])


class OriginalIsDialled(Sniffing):
    CONFIG = config(metadata="sniffing.dialOriginalDst: true", service="bypass: bypass-0",
                    rest="bypasses: [{name: bypass-0, matchers: [blocked.test]}]")

    def test_name_is_judged_but_not_dialled(self):
        original = Recorder(self.lab, MANY4, 80)
        self.exchange(MANY4, 80, request_for("named.test"))
        self.closed(host="named.test:80", reason="finished")
        self.assert_reset(MANY4, 80, request_for("blocked.test"))
        self.closed(reason="blocked")
        self.assertEqual(original.received, [request_for("named.test")])


class Blocked(Sniffing):
    """What is blocked stays blocked, by address and by name, although the fallback is on."""
    CONFIG = config(service="bypass: bypass-0", metadata="sniffing.fallback: true",
                    rest="bypasses: [{name: bypass-0, matchers: [.blocked.test, 10.78.0.66, 10.78.0.67]}]")

    def test_blocked_name(self):
        original = Recorder(self.lab, MANY4, 80)
        for payload in (request_for("blocked.test"), request_for("www.BLOCKED.test.:8080"), client_hello("blocked.test"),
                        client_hello("www.blocked.test", 50), request_for("10.78.0.66"),
                        b"GET http://blocked.test/ HTTP/1.1\r\nHost: blocked.test\r\n\r\n",
                        b"CONNECT blocked.test:443 HTTP/1.1\r\n\r\n"):
            with self.subTest(payload=payload[:60]):
                self.assert_reset(MANY4, 80, payload)
        self.closed(7, reason="blocked")
        self.assertEqual(original.received, [])

    def test_allowed_name_does_not_open_a_blocked_address(self):
        for payload in (request_for("named.test"), client_hello("named.test")):
            self.assert_reset("10.78.0.66", 80, payload)
        self.closed(2, dst="10.78.0.66:80", reason="blocked")

    def test_blocked_host_in_a_second_request_is_not_reached(self):
        """Policy is decided once for each connection: the request goes to the host that was allowed."""
        allowed = Recorder(self.lab, SERVER4, 81)
        blocked = Recorder(self.lab, "10.78.0.66", 81)
        both = request_for("named.test") + request_for("10.78.0.66")
        self.exchange(MANY4, 81, both)
        self.assertEqual((allowed.received, blocked.received), ([both], []))


class Whitelist(Sniffing):
    """Only names on the list, and everything else is refused: also what has no name."""
    CONFIG = config(service="bypass: bypass-0", rest="bypasses: [{name: bypass-0, whitelist: true, "
                                                     "matchers: [named.test, 10.78.0.9]}]")

    def test_whitelist(self):
        named, original = Recorder(self.lab, SERVER4, 80), Recorder(self.lab, MANY4, 80)
        listed = Recorder(self.lab, "10.78.0.9", 80)
        for payload in (request_for("named.test"), client_hello("named.test")):
            self.exchange(MANY4, 80, payload)
        for payload in (request_for("six.test"), client_hello("www.named.test"), client_hello(), PLAIN,
                        b"GET / HTTP/1.1\r\n\r\n"):
            with self.subTest(payload=payload[:60]):
                self.assert_reset(MANY4, 80, payload)
        self.closed(5, reason="blocked")
        self.exchange("10.78.0.9", 80, PLAIN)
        self.assertEqual((len(named.received), original.received, len(listed.received)), (2, [], 1))

    def test_silent_client_is_refused_after_the_timeout(self):
        """No name will allow it any more, and a server that would speak first is not even dialled."""
        original = Recorder(self.lab, MANY4, 81)
        before = time.monotonic()
        self.assert_reset(MANY4, 81)
        self.assertLess(time.monotonic() - before, netlab.in_time(0.6))
        self.assertEqual(original.server.peers, [])


PATTERNS = ["10.78.1.1", "10.78.1.3:81", "10.78.2.0/24", "10.78.4.1-10.78.4.9", "fd77:10::13", "'[fd77:10::14]:81'",
            "'fd77:10::1:0/112'", "plain.test", ".dom.test", "'*.glob.test'", "'ex?ct.test'", "host.test:81",
            "range.test:1000-1002", "'*.g2.test:81'", "'*:8443'"]
ADDRESSES6 = ("fd77:10::13", "fd77:10::14", "fd77:10::1:5", "fd77:10::2:5")
# pattern, is blocked: (address or name, port) …, passes: …
TABLE = [
    ("one address", [("10.78.1.1", 80), ("10.78.1.1", 81)], [("10.78.1.2", 80)]),
    ("address and port", [("10.78.1.3", 81)], [("10.78.1.3", 80)]),
    ("CIDR", [("10.78.2.0", 80), ("10.78.2.255", 81)], [("10.78.3.0", 80)]),
    ("address range", [("10.78.4.1", 80), ("10.78.4.9", 80)], [("10.78.4.10", 80)]),
    ("IPv6 address", [("fd77:10::13", 80), ("fd77:10::13", 81)], [("fd77:10::14", 80)]),
    ("IPv6 address and port", [("fd77:10::14", 81)], [("fd77:10::14", 80)]),
    ("IPv6 CIDR", [("fd77:10::1:5", 80)], [("fd77:10::2:5", 80)]),
    ("exact name", [("plain.test", 80), ("PLAIN.Test", 81)], [("www.plain.test", 80), ("xplain.test", 80)]),
    ("domain with its subdomains", [("dom.test", 80), ("a.b.dom.test", 80)], [("xdom.test", 80)]),
    ("subdomains only", [("a.glob.test", 80), ("a.b.glob.test", 80)], [("glob.test", 80)]),
    ("one character", [("exact.test", 80)], [("exct.test", 80), ("exaact.test", 80)]),
    ("name and port", [("host.test", 81)], [("host.test", 80)]),
    ("name and ports", [("range.test", 1000), ("range.test", 1002)], [("range.test", 80)]),
    ("subdomains and port", [("a.g2.test", 81)], [("a.g2.test", 80), ("g2.test", 81)]),
    ("any host on a port", [("10.78.0.1", 8443), ("any.test", 8443)], [("any.test", 80)]),
]


class BypassTable(Sniffing):
    """Each kind of pattern, as a list of the service: what matches is refused. Names are in the Host field."""
    CONFIG = config(service="bypass: bypass-0", metadata="sniffing.dialOriginalDst: true",
                    rest=f"bypasses: [{{name: bypass-0, matchers: [{', '.join(PATTERNS)}]}}]")

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for address in ADDRESSES6:
            cls.lab.ip("server", "addr", "add", f"{address}/64", "dev", "server0", "nodad")
        for port in (80, 81):
            cls.lab.serve("server", "0.0.0.0", port, echo)
            cls.lab.serve("server", "::", port, echo)

    def test_table(self):
        for row, blocked, passing in TABLE:
            for is_blocked, where in [*((True, where) for where in blocked), *((False, where) for where in passing)]:
                with self.subTest(row=row, where=where, is_blocked=is_blocked):
                    host, port = where
                    is_name = host.endswith("est")
                    address, payload = (MANY4, request_for(host)) if is_name else (host, PLAIN)
                    if is_blocked:
                        self.assert_reset(address, port, payload)
                    else:
                        self.exchange(address, port, payload)


class BypassGroup(Sniffing):
    """A whitelist and a blacklist together: a target must be on the one and not on the other."""
    CONFIG = config(service="bypasses: [white, black]", metadata="sniffing.dialOriginalDst: true", rest="""
bypasses:
- {name: white, whitelist: true, matchers: [.allowed.test, ok.test]}
- {name: black, matchers: [bad.allowed.test]}
""")

    def test_group(self):
        Recorder(self.lab, MANY4, 80)
        for host, passes in (("x.allowed.test", True), ("ok.test", True), ("bad.allowed.test", False), ("other.test", False)):
            with self.subTest(host=host):
                if passes:
                    self.exchange(MANY4, 80, request_for(host))
                else:
                    self.assert_reset(MANY4, 80, request_for(host))


class InwardNames(Sniffing):
    """Without a chain a client's word must not lead to the gateway's own services."""
    CONFIG = config(service="hosts: hosts-0", rest="hosts: [{name: hosts-0, mappings: ["
                                                   "{ip: 127.0.0.1, hostname: inward.test}, {ip: '::1', hostname: six.inward.test}, "
                                                   f"{{ip: {GATEWAY4}, hostname: gateway.test}}]}}]")

    def test_gateway_services_are_not_reached(self):
        self.lab.ip("gateway", "addr", "add", "169.254.169.254/32", "dev", "lo")
        own = [self.lab.serve("gateway", address, 80, echo)
               for address in ("127.0.0.1", "::1", GATEWAY4, "10.77.10.2", "fd77:10::2", "169.254.169.254")]
        outside = Recorder(self.lab, MANY4, 80)
        for host in ("localhost", "127.0.0.1", "127.1.2.3", "[::1]", "0.0.0.0", "[::]", "169.254.169.254", GATEWAY4,
                     "10.77.10.2", "[fd77:10::2]", "[::ffff:127.0.0.1]", "inward.test", "six.inward.test", "gateway.test"):
            with self.subTest(host=host):
                payload = request_for(host)
                try:
                    with self.lab.connect("client", MANY4, 80) as sock:
                        sock.sendall(payload)
                        self.assertIn(sock.recv(1000), (b"", payload))  # closed, or the original destination
                except ConnectionError:
                    pass
        self.assertEqual([server.peers for server in own], [[]] * len(own))
        for received in outside.received:
            self.assertTrue(received.startswith(b"GET / HTTP/1.1\r\nHost: "), received)

    def test_gateway_service_that_the_client_went_to_itself(self):
        """Its name, as in http://router.lan/: the address is the one that was connected to anyway."""
        self.lab.serve("gateway", GATEWAY4, 83, echo)
        self.exchange(GATEWAY4, 83, request_for("gateway.test"))
        self.assert_reset(GATEWAY4, 83, request_for("inward.test"))

    def test_own_listener_is_not_dialled(self):
        for host in (f"{GATEWAY4}:12345", "gateway.test"):
            self.assert_reset(MANY4, 12345, request_for(host))
        self.closed(2, reason="dial failed")


class ThroughHttpNode(Sniffing):
    CONFIG = config(handler="chain: chain-0", rest=f"""
chains:
- name: chain-0
  hops:
  - name: hop-0
    sockopts: {{mark: 100}}
    nodes: [{{name: node-0, addr: "{SERVER4}:1080", connector: {{type: http}}, dialer: {{type: tcp}}}}]
""")

    def test_node_gets_the_name(self):
        proxy = HttpProxy(self.lab, SERVER4, 1080)
        for payload in (request_for("named.test"), HELLO, request_for("missing.test:99"), client_hello(), PLAIN,
                        request_for("10.78.3.3")):
            self.exchange(MANY4, 80, payload)
        self.assertEqual(proxy.requests, ["named.test:80", "named.test:80", "missing.test:80", f"{MANY4}:80", f"{MANY4}:80",
                                          "10.78.3.3:80"])
        self.exchange(SERVER6, 443, PLAIN)
        self.assertEqual(proxy.requests[-1], f"[{SERVER6}]:443")
        self.assertEqual(self.name_server.questions, [])


class ThroughRelayNode(Sniffing):
    CONFIG = ThroughHttpNode.CONFIG.replace("{type: http}", "{type: relay}").replace(":1080", ":8421")

    def test_node_gets_the_name(self):
        proxy = RelayProxy(self.lab, SERVER4, 8421)
        for address, payload, wanted in ((MANY4, request_for("named.test"), (3, "named.test", 80)),
                                         (MANY4, HELLO, (3, "named.test", 80)), (MANY4, PLAIN, (1, MANY4, 80)),
                                         (SERVER6, PLAIN, (4, SERVER6, 80))):
            self.exchange(address, 80, payload)
            self.assertEqual(proxy.requests[-1], wanted)


if __name__ == "__main__":
    unittest.main(verbosity=2)
