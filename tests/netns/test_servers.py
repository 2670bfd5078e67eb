# SPDX-FileCopyrightText: 2026 The Sluice authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Our own proxy servers: with curl, byte by byte, and behind our own connectors."""
import functools
import json
import os
import re
import socket

import netlab
from interop import (BULK, CLOSED_PORT, ECHO, GREETER, PAGE, SITES, InteropTest, ask_http, ask_relay, ask_socks5,
                     host_port, is_listening)
from netlab import GATEWAY4, GATEWAY6, SERVER4, SERVER6, receive_all, receive_exactly, wait_until

SLUICED = os.path.join(netlab.BIN, "sluiced")
LOGIN = "alice:open-sesame"
A = b"\x02\x00\x07\x01" + socket.inet_aton(SERVER4) + ECHO.to_bytes(2, "big")  # relay's feature for an address
CONNECT = b"\x05\x01\x00\x01" + socket.inet_aton(SERVER4)


def connect(port):
    return b"CONNECT %b HTTP/1.1\r\n\r\n" % host_port(SERVER4, port).encode()


class Servers(InteropTest):
    """The servers are on the gateway, which knows the sites' names."""

    RULES = ()
    SEEN_BY_TARGETS = ("10.77.10.2", "fd77:10::2")

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        certificate = cls.certificates.issue("gateway", f"IP:{GATEWAY4}")
        tls = f"certFile={certificate}&keyFile={certificate}"
        ports = {1080: "socks5://{}", 1081: f"socks5://{LOGIN}@{{}}", 1082: "socks4://{}",
                 8080: "http://{}", 8081: f"http://{LOGIN}@{{}}", 8443: f"http+tls://{{}}?{tls}",
                 8420: "relay://{}", 8421: f"relay://{LOGIN}@{{}}", 8422: "relay://{}?nodelay=true",
                 8423: f"relay://{{}}?bypass={SERVER4}", 8424: "auto://{}"}
        urls = [url.format(f":{port}") for port, url in ports.items()]
        cls.daemon = cls.upstream([SLUICED, *(word for url in urls for word in ("-L", url)), "-DD"], *ports,
                                  namespace="gateway")

    # curl -------------------------------------------------------------------------------------------------------------

    def check_curl(self, *options, addresses=(SERVER4, SERVER6)):
        for address in addresses:
            with self.subTest(options=options, target=address):
                self.check_page(address, *options)
                self.check_tls_page(address, *options)

    def test_curl_with_socks5(self):
        self.check_curl("--socks5", f"{GATEWAY4}:1080")
        self.check_curl("--socks5", f"[{GATEWAY6}]:1080")
        self.check_curl("--proxy", f"socks5://{LOGIN}@{GATEWAY4}:1081")
        self.check_curl("--proxy", f"socks5://{GATEWAY4}:8424")

    def test_curl_with_socks4(self):
        self.check_curl("--socks4", f"{GATEWAY4}:1082", addresses=[SERVER4])
        self.check_curl("--socks4", f"{GATEWAY4}:8424", addresses=[SERVER4])

    def test_curl_with_http(self):
        self.check_curl("--proxy", f"http://{GATEWAY4}:8080")  # a page in absolute form, a TLS page by CONNECT
        self.check_curl("--proxy", f"http://[{GATEWAY6}]:8080", "--proxytunnel")
        self.check_curl("--proxy", f"http://{GATEWAY4}:8081", "--proxy-user", LOGIN)
        self.check_curl("--proxy", f"http://{GATEWAY4}:8424")

    def test_curl_with_https_proxy(self):
        self.check_curl("--proxy", f"https://{GATEWAY4}:8443", "--proxy-cacert", self.certificates.authority)

    def test_names_are_resolved_here(self):
        for name in SITES.values():
            for options in (["--socks5-hostname", f"{GATEWAY4}:1080"], ["--proxy", f"http://{GATEWAY4}:8080"],
                            ["--proxy", f"socks4a://{GATEWAY4}:1082"],
                            ["--proxy", f"http://{GATEWAY4}:8080", "--proxytunnel"]):
                with self.subTest(name=name, options=options):
                    self.assertEqual(self.curl(*options, f"http://{name}/").stdout.encode(), PAGE)

    def test_wrong_password_is_refused(self):
        for proxy, complaint in ((f"socks5://alice:open-barley@{GATEWAY4}:1081", "rejected by the SOCKS5 server"),
                                 (f"socks5://{GATEWAY4}:1081", "No authentication method was acceptable"),
                                 (f"http://alice:open-barley@{GATEWAY4}:8081", "407"),
                                 (f"http://{GATEWAY4}:8081", "407")):
            with self.subTest(proxy=proxy):
                answer = self.curl("--fail", "--proxy", proxy, f"http://{SERVER4}/", check=False)
                self.assertNotEqual(answer.returncode, 0)
                self.assertIn(complaint, answer.stderr)
        for secret in ("open-sesame", "open-barley"):
            self.assertNotIn(secret, self.daemon.output())

    # Streams ----------------------------------------------------------------------------------------------------------

    def check_server(self, ask, port, **keywords):
        for proxy, target in ((GATEWAY4, SERVER4), (GATEWAY6, SERVER6)):
            with self.subTest(port=port, target=target):
                self.check_streams(functools.partial(self.tunnel, ask, proxy, port, target, **keywords))

    def tunnel(self, ask, proxy, port, target, target_port, **keywords):
        tunnel = self.lab.connect("client", proxy, port)
        ask(tunnel, target, target_port, **keywords)
        return tunnel

    def test_socks5_streams(self):
        self.check_server(ask_socks5, 1080)
        self.check_server(ask_socks5, 1081, user="alice", password="open-sesame")

    def test_http_streams(self):
        self.check_server(ask_http, 8080)

    def test_relay_streams(self):
        def ask_and_wait(tunnel, *arguments, **keywords):
            ask_relay(tunnel, *arguments, **keywords)
            self.assertEqual(receive_exactly(tunnel, 4), b"\x01\x00\x00\x00")

        self.check_server(ask_and_wait, 8422)

    # Bytes ------------------------------------------------------------------------------------------------------------

    def check_bytes(self, port, *dialogue):
        """Says and hears in turns; None: the server ends here. The last word may be left out."""
        with self.lab.connect("client", GATEWAY4, port) as sock:
            for index, part in enumerate(dialogue):
                if part is None:
                    self.assertEqual(receive_all(sock), b"")
                elif index % 2 == 0:
                    sock.sendall(part)
                else:
                    self.assertEqual(receive_exactly(sock, len(part)), part)

    def test_relay_bytes(self):
        request = b"\x01\x01\x00\x0a" + A
        login = b"\x01\x00\x12\x05alice\x0bopen-sesame"
        self.check_bytes(8420, request + b"PING", b"\x01\x00\x00\x00PING")
        self.check_bytes(8420, b"\x01\x00\x00\x0a" + A + b"PING", b"\x01\x00\x00\x00PING")
        self.check_bytes(8422, request, b"\x01\x00\x00\x00")
        self.check_bytes(8421, b"\x01\x01\x00\x1f" + login + A + b"PING", b"\x01\x00\x00\x00PING")
        self.check_bytes(8421, request, b"\x01\x02\x00\x00", None)
        self.check_bytes(8423, request, b"\x01\x03\x00\x00", None)
        closed = A[:-2] + CLOSED_PORT.to_bytes(2, "big")
        self.check_bytes(8420, b"\x01\x01\x00\x0a" + closed, b"\x01\x07\x00\x00", None)
        self.check_bytes(8420, b"\x01\x01\x00\x00", b"\x01\x01\x00\x00", None)
        self.check_bytes(8420, b"\x01\x02\x00\x0a" + A, b"\x01\x03\x00\x00", None)
        self.check_bytes(8420, b"\x01\x0f\x00\x0a" + A, b"\x01\x01\x00\x00", None)
        self.check_bytes(8420, b"\x02\x01\x00\x0a" + A, None)
        self.check_bytes(8420, b"\x01\x01\x00\x0d\x7f\x00\x00" + A, None)

    def test_socks5_bytes(self):
        echo_port, closed_port = ECHO.to_bytes(2, "big"), CLOSED_PORT.to_bytes(2, "big")
        nothing = b"\x00\x01\x00\x00\x00\x00\x00\x00"
        self.check_bytes(1080, b"\x05\x01\x00", b"\x05\x00", CONNECT + echo_port, b"\x05\x00\x00\x01\x0a\x4d\x0a\x02")
        self.check_bytes(1080, b"\x05\x01\x02", b"\x05\xff", None)
        self.check_bytes(1080, b"\x05\x01\x00", b"\x05\x00", CONNECT + closed_port, b"\x05\x03" + nothing, None)
        self.check_bytes(1080, b"\x05\x01\x00", b"\x05\x00", b"\x05\x0f" + CONNECT[2:] + echo_port,
                         b"\x05\x07" + nothing, None)
        self.check_bytes(1081, b"\x05\x02\x00\x02", b"\x05\x02", b"\x01\x05alice\x0bopen-sesame", b"\x01\x00",
                         CONNECT + echo_port, b"\x05\x00")
        self.check_bytes(1081, b"\x05\x01\x02", b"\x05\x02", b"\x01\x05alice\x0bopen-barley", b"\x01\x01", None)
        self.check_bytes(1080, b"\x04\x01\x00\x07", None)

    def test_http_bytes(self):
        self.check_bytes(8080, connect(ECHO), b"HTTP/1.1 200 Connection established\r\nProxy-Agent: ")
        self.check_bytes(8081, connect(ECHO), b"HTTP/1.1 407 Proxy Authentication Required\r\n")
        self.check_bytes(8080, connect(CLOSED_PORT), b"HTTP/1.1 503 Service Unavailable\r\n")
        self.check_bytes(8080, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"HTTP/1.1 400 Bad Request\r\n")

    def test_early_bytes_come_after_the_answer(self):
        """A server that speaks first, asked in the same packet as the client's own first bytes."""
        for port, request, answer in (
                (8080, connect(GREETER), rb"HTTP/1.1 200 .*?\r\n\r\n"),
                (1080, b"\x05\x01\x00" + CONNECT + GREETER.to_bytes(2, "big"), rb"\x05\x00\x05\x00\x00\x01.{6}"),
                (8420, b"\x01\x01\x00\x0a" + A[:-2] + GREETER.to_bytes(2, "big"), rb"\x01\x00\x00\x00")):
            with self.subTest(port=port), self.lab.connect("client", GATEWAY4, port) as sock:
                sock.sendall(request + b"EHLO\r\n")
                sock.shutdown(socket.SHUT_WR)
                self.assertRegex(receive_all(sock), re.compile(b"^" + answer + rb"220 .*\r\nEHLO\r\n$", re.DOTALL))


class OurselvesOnBothSides(InteropTest):
    """Diverted on the gateway, through our own servers in the server namespace."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        ports = {1080: f"socks5://{LOGIN}@{{}}", 1082: "socks4://{}", 8080: f"http://{LOGIN}@{{}}",
                 8420: f"relay://{LOGIN}@{{}}", 8443: "relay+tls://{}"}
        urls = [url.format(f"{SERVER4}:{port}") for port, url in ports.items()]
        cls.upstream([SLUICED, *(word for url in urls for word in ("-L", url))], *ports)

    def node(self, scheme, port, login=LOGIN):
        return f"{scheme}://{login + '@' if login else ''}{SERVER4}:{port}?so_mark=100"

    def check_chain(self, *forwards, addresses=(SERVER4, SERVER6)):
        with self.gateway(*forwards):
            self.check_tunnel(*addresses)
            self.check_duplex()

    def test_socks5(self):
        self.check_chain(self.node("socks5", 1080))

    def test_socks4(self):
        self.check_chain(self.node("socks4a", 1082, ""), addresses=[SERVER4])

    def test_http(self):
        self.check_chain(self.node("http", 8080))

    def test_relay(self):
        self.check_chain(self.node("relay", 8420))

    def test_relay_over_tls(self):
        self.check_chain(self.node("relay+tls", 8443, ""))

    def test_chain_of_three(self):
        self.check_chain(self.node("socks5", 1080), self.node("relay+tls", 8443, ""), self.node("http", 8080))

    def test_wrong_password_is_refused(self):
        for scheme, port, complaint in (("socks5", 1080, "does not accept the user name or password"),
                                        ("http", 8080, "does not accept the user name or password"),
                                        ("relay", 8420, "user name or password not accepted")):
            with self.subTest(scheme=scheme), self.gateway(self.node(scheme, port, "alice:open-barley")) as daemon:
                self.assertIn(complaint, self.refused(daemon, secrets=["open-barley"]))

    def test_iperf3(self):
        iperf = self.upstream(["iperf3", "-s", "-B", SERVER4, "-p", "5201"], 5201)
        for forward in (self.node("socks5", 1080), self.node("http", 8080), self.node("relay", 8420)):
            for direction in ([], ["--reverse"]):
                with self.subTest(forward=forward, direction=direction), self.gateway(forward):
                    wait_until(lambda: is_listening(iperf, 5201), "iperf3 listens")
                    report = self.lab.run("client", "iperf3", "-c", SERVER4, "-p", "5201", "-J", "-P", "4", "-n", "8M",
                                          *direction).stdout
                    end = json.loads(report)["end"]
                    self.assertGreaterEqual(end["sum_sent"]["bytes"], BULK)
                    self.assertGreater(end["sum_received"]["bytes"], 0)  # what is under way at its end is not counted


if __name__ == "__main__":
    netlab.unittest.main(verbosity=2)
