# SPDX-FileCopyrightText: 2026 The Sluice authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""GOST itself at the other end: our connectors with its servers, its connectors with our servers.

Needs the path of a gost binary (version 3) in SLUICE_TEST_GOST. Without it nothing is run, and the test is skipped.
"""
import functools
import os
import socket
import sys
import threading

import netlab
from interop import (CLOSED_PORT, ECHO, GREETER, HTTP, SINK, SITES, SOURCE, TAIL, TLS, InteropTest, ask_http, ask_relay,
                     ask_socks5, host_port, is_listening)
from netlab import GATEWAY4, GATEWAY6, SERVER4, SERVER6, wait_until

GOST = os.environ.get("SLUICE_TEST_GOST", "")
SKIPPED = 77  # what ctest takes for a skip
GATEWAY_TO_SERVER = ("10.77.10.2", "fd77:10::2")


class Tap:
    """Stands before a server and keeps the first packets of each side of the last connection, in order."""

    def __init__(self, lab, port, server_port):
        self.packets = []
        self._lab = lab
        self._server_port = server_port
        lab.serve("server", SERVER4, port, self._serve)

    def _serve(self, client, _peer):
        self.packets = []
        with self._lab.connect("server", SERVER4, self._server_port) as server:
            threads = [threading.Thread(target=self._copy, args=pair, daemon=True)
                       for pair in ((client, server), (server, client))]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()

    def _copy(self, source, sink):
        try:
            while data := source.recv(65536):
                self.packets.append(data)
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            pass


class OurConnectors(InteropTest):
    """Diverted traffic through GOST's servers."""

    SERVERS = {
        8420: "relay://{}", 8421: "relay://alice:open-sesame@{}", 8422: "relay://{}?nodelay=true",
        8423: f"relay://{{}}?bypass={SERVER4}", 8424: "relay+tls://{}", 8425: "relay+tls://alice:open-sesame@{}",
        1080: "socks5://{}", 1081: "socks5://alice:open-sesame@{}", 1082: "socks4://{}",
        8080: "http://{}", 8081: "http://alice:open-sesame@{}", 8082: "http+tls://{}",
    }

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        listeners = [word for port, url in cls.SERVERS.items() for word in ("-L", url.format(f"{SERVER4}:{port}"))]
        cls.upstream([GOST, *listeners], *cls.SERVERS)

    def node(self, port, scheme=None, user="", **parameters):
        query = "&".join(f"{key}={value}" for key, value in {**parameters, "so_mark": 100}.items())
        scheme = scheme or self.SERVERS[port].split(":")[0]
        return f"{scheme}://{user + '@' if user else ''}{SERVER4}:{port}?{query}"

    def check_password(self, port, complaint):
        with self.gateway(self.node(port, user="alice:open-barley"), options=["-DD"]) as daemon:
            self.assertIn(complaint, self.refused(daemon, secrets=["open-barley"]))
        with self.gateway(self.node(port)) as daemon:
            self.refused(daemon)

    def test_relay(self):
        keeps = self.upstream_keeps_half_close("gost relay", ask_relay, 8420)
        with self.gateway(self.node(8420)):
            self.check_tunnel(half_close=keeps)
            self.check_duplex()
        keeps = self.upstream_keeps_half_close("gost relay, nodelay", ask_relay, 8422)
        with self.gateway(self.node(8422, nodelay="true")):
            self.check_tunnel(half_close=keeps)
            self.check_duplex()

    def test_relay_with_password(self):
        with self.gateway(self.node(8421, user="alice:open-sesame"), options=["-DD"]) as daemon:
            self.check_tunnel(half_close=False)
            self.assertNotIn("open-sesame", daemon.output())
        self.check_password(8421, "answered 2 (user name or password not accepted)")

    def test_relay_refusals_are_told_apart(self):
        for nodelay in ("false", "true"):
            with self.gateway(self.node(8420, nodelay=nodelay)) as daemon:
                self.assertIn("answered 7 (network unreachable)", self.refused(daemon, port=CLOSED_PORT))
            with self.gateway(self.node(8423, nodelay=nodelay)) as daemon:
                self.assertIn("answered 3 (forbidden)", self.refused(daemon))
        with self.gateway(self.node(GREETER, scheme="relay")) as daemon:
            self.assertIn("does not speak the relay protocol", self.refused(daemon))

    def test_relay_over_tls(self):
        keeps = self.upstream_keeps_half_close("gost relay over TLS", ask_relay, 8424, tls=True)
        with self.gateway(self.node(8424)):
            self.check_tunnel(half_close=keeps)
            self.check_duplex()
        with self.gateway(self.node(8425, user="alice:open-sesame")):
            self.check_tunnel(SERVER4, half_close=False)
        self.check_password(8425, "answered 2 (user name or password not accepted)")
        with self.gateway(self.node(8424, secure="true")) as daemon:
            self.assertIn("its certificate", self.refused(daemon))

    def test_socks5(self):
        keeps = self.upstream_keeps_half_close("gost socks5", ask_socks5, 1080)
        with self.gateway(self.node(1080, notls="true")) as daemon:
            self.check_tunnel(half_close=keeps)
            self.check_duplex()
            self.assertRegex(self.refused(daemon, port=CLOSED_PORT), "answered [1-8] ")
        with self.gateway(self.node(1081, user="alice:open-sesame", notls="true")):
            self.check_tunnel(SERVER4, half_close=False)

    def test_socks5_goes_over_to_tls(self):
        """GOST's own methods: 80 (TLS) and 82 (TLS, then user name and password)."""
        for port, user, greeting, method in ((1080, "", b"\x05\x02\x00\x80", b"\x05\x80"),
                                             (1081, "alice:open-sesame", b"\x05\x04\x00\x02\x80\x82", b"\x05\x82")):
            tap = Tap(self.lab, port + 100, port)
            with self.subTest(method=method), self.gateway(self.node(port + 100, "socks5", user)) as daemon:
                self.check_page(SERVER4)
                self.assertEqual(tap.packets[:2], [greeting, method])
                self.assertEqual(tap.packets[2][:2], b"\x16\x03")
                self.check_tunnel(half_close=False)
                self.check_duplex()
                self.assertRegex(self.refused(daemon, port=CLOSED_PORT), "answered [1-8] ")
        self.check_password(1081, "does not accept the user name or password")

    def test_socks4(self):
        keeps = self.upstream_keeps_half_close("gost socks4", ask_socks5, 1080)
        for scheme in ("socks4", "socks4a"):
            with self.gateway(self.node(1082, scheme)):
                self.check_tunnel(SERVER4, half_close=keeps)
                self.check_duplex()

    def test_http(self):
        keeps = self.upstream_keeps_half_close("gost http", ask_http, 8080)
        with self.gateway(self.node(8080)) as daemon:
            self.check_tunnel(half_close=keeps)
            self.check_duplex()
            self.assertIn("503 Service Unavailable", self.refused(daemon, port=CLOSED_PORT))
        with self.gateway(self.node(8081, user="alice:open-sesame")):
            self.check_tunnel(SERVER4, half_close=False)
        self.check_password(8081, "does not accept the user name or password")

    def test_http_over_tls(self):
        keeps = self.upstream_keeps_half_close("gost http over TLS", ask_http, 8082, tls=True)
        with self.gateway(self.node(8082, "https")):
            self.check_tunnel(half_close=keeps)
            self.check_duplex()

    def test_relay_then_http(self):
        with self.gateway(self.node(8420), self.node(8080)) as daemon:
            self.check_tunnel(half_close=False)
            self.check_duplex()
            route = self.lab.closed(daemon, 1, host=f"{SERVER4}:80")[0]["route"]
            self.assertRegex(route, f"{SERVER4}:8420 .*{SERVER4}:8080 .*{SERVER4}:80")


class OurServers(InteropTest):
    """GOST forwards ports of the client through our servers on the gateway."""

    RULES = ()
    SEEN_BY_TARGETS = GATEWAY_TO_SERVER

    def check_gost(self, listen, *forwards, addresses=(SERVER4, SERVER6), **streams):
        """`listen` is our server; each of `forwards` is a way for GOST to it."""
        with self.gateway(listen=listen):
            for forward in forwards:
                for address in addresses:
                    with self.subTest(listen=listen, forward=forward, target=address):
                        self.check_ports(forward, address, **streams)

    def check_ports(self, forward, address, **streams):
        ports = {port: 20000 + port for port in (HTTP, TLS, ECHO, GREETER, TAIL, SINK, SOURCE)}
        services = [word for port, local in ports.items()
                    for word in ("-L", f"tcp://127.0.0.1:{local}/{host_port(address, port)}")]
        gost = self.lab.spawn("client", GOST, *services, "-F", forward)
        for local in ports.values():
            wait_until(lambda local=local: is_listening(gost, local), f"gost listens on {local}")
        try:
            self.check_page(address, "--connect-to", f"::127.0.0.1:{ports[HTTP]}")
            self.check_tls_page(address, "--connect-to", f"{SITES[address]}:{TLS}:127.0.0.1:{ports[TLS]}")
            self.check_streams(functools.partial(self.connect, ports), **streams)
        finally:
            gost.stop()

    def connect(self, ports, port):
        return self.lab.connect("client", "127.0.0.1", ports[port])

    def test_relay(self):
        """With nodelay GOST's client waits for the answer, and needs a server that does not wait for the target."""
        node = f"relay://{GATEWAY4}:8420?nodelay=true"
        self.check_gost(node, node)
        node = f"relay://alice:open-sesame@[{GATEWAY6}]:8420?nodelay=true"
        self.check_gost(node, node, addresses=[SERVER4])

    def test_relay_over_tls(self):
        node = f"relay+tls://{GATEWAY4}:8420?nodelay=true"
        self.check_gost(node, node, addresses=[SERVER4])

    def test_relay_that_waits_for_the_client(self):
        """GOST's default: its request comes with the client's first bytes, so no server can speak first through it. It
        also gives up the answer when the program before it finishes."""
        self.check_gost(f"relay://{GATEWAY4}:8420", f"relay://{GATEWAY4}:8420", greeting=False, half_close=False)

    def test_socks5(self):
        """GOST's client offers its own methods, too. It drops bytes of the target that come along with the reply, and
        gives up the answer when the program before it finishes, as with its own server."""
        node = f"socks5://{GATEWAY4}:1080"
        self.check_gost(node, node, node + "?notls=true", greeting=False, half_close=False)
        node = f"socks5://alice:open-sesame@{GATEWAY4}:1080"
        self.check_gost(node, node, addresses=[SERVER4], greeting=False, half_close=False)

    def test_http(self):
        """GOST's client drops bytes of the target that come along with the answer, as with its own server."""
        node = f"http://{GATEWAY4}:8080"
        self.check_gost(node, node, greeting=False)
        for node in (f"http://alice:open-sesame@{GATEWAY4}:8080", f"http+tls://{GATEWAY4}:8080"):
            self.check_gost(node, node, addresses=[SERVER4], greeting=False)


if __name__ == "__main__":
    if not GOST:
        print("test_interop_gost SKIPPED: nothing was run, because SLUICE_TEST_GOST names no gost binary", flush=True)
        sys.exit(SKIPPED)
    netlab.unittest.main(verbosity=2)
