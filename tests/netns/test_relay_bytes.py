# SPDX-FileCopyrightText: 2026 The Sluice authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bytes, half-close, back-pressure and memory of relayed connections: direct and through chains of our own servers."""
import contextlib
import json
import os
import subprocess
import time
import unittest

import netlab
import tutorial
from netlab import MANY4, SERVER4, SERVER6, Lab, wait_until

LOAD = os.path.join(netlab.BIN, "bench-load")
# Servers in the server's namespace, by protocol.
UPSTREAMS = {"http": 1080, "socks4": 1081, "socks5": 1082, "relay": 1083}
MIB = 1024 * 1024


class RelayBytes(unittest.TestCase):
    def setUp(self):
        self.lab = Lab()
        self.addCleanup(self.lab.close)
        server = self.lab.spawn("server", LOAD, "serve")
        wait_until(lambda: "serving" in server.output(), "the servers listen")

    def upstreams(self):
        self.lab.sluiced("server", *(word for scheme, port in UPSTREAMS.items() for word in ("-L", f"{scheme}://:{port}")))

    def intercept(self, mode, *chain):
        """mode: "redirect" or "tproxy", both families. Returns the daemon."""
        if mode == "redirect":
            self.lab.rules("gateway", tutorial.REDIRECT_RULES)
            self.lab.rules("gateway", tutorial.REDIRECT_RULES6)
            query = "so_mark=100"
        else:
            self.lab.rules("gateway", tutorial.TPROXY_RULES)
            self.lab.rules("gateway", tutorial.TPROXY_RULES6)
            query = "tproxy=true&so_mark=100"
        return self.lab.sluiced("gateway", "-L", f"red://:12345?{query}",
                                *(word for node in chain for word in ("-F", f"{node}?so_mark=100")))

    def end(self, daemon, mode):
        """Stops the daemon and removes the rules of `mode`."""
        daemon.stop()
        table = "nat" if mode == "redirect" else "mangle"
        for tool, family in (("iptables", "-4"), ("ip6tables", "-6")):
            self.lab.rules("gateway", f"{tool} -t {table} -F\n{tool} -t {table} -X")
            if mode == "tproxy":
                self.lab.rules("gateway", f"ip {family} rule del fwmark 1 lookup 100\nip {family} route flush table 100")

    def verify(self, address, connections=4, mebibytes=4):
        done = self.lab.run("client", LOAD, "verify", str(connections), str(mebibytes), check=False, timeout=60,
                            env={**os.environ, "BENCH_SERVER": address})
        self.assertEqual(json.loads(done.stdout), {"connections": connections, "wrong": 0})

    @contextlib.contextmanager
    def holding(self, address, word, count):
        """`count` connections are held meanwhile."""
        load = subprocess.Popen(["ip", "netns", "exec", self.lab.name("client"), LOAD, word, str(count)],
                                stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                env={**os.environ, "BENCH_SERVER": address})
        try:
            self.assertEqual(json.loads(load.stdout.readline()), {"held": count, "failed": 0})
            yield
        finally:
            load.communicate()

    def test_every_byte_arrives_and_half_close_passes_without_a_chain(self):
        for mode in ("redirect", "tproxy"):
            with self.subTest(mode):
                daemon = self.intercept(mode)
                for address in (SERVER4, SERVER6):
                    self.verify(address)
                self.lab.closed(daemon, count=8, reason="finished", inputBytes=4 * MIB + 8)
                self.end(daemon, mode)

    def test_every_byte_arrives_and_half_close_passes_through_each_upstream(self):
        self.upstreams()
        for scheme, port in UPSTREAMS.items():
            for mode in ("redirect", "tproxy"):
                with self.subTest(f"{mode}, {scheme}"):
                    daemon = self.intercept(mode, f"{scheme}://{SERVER4}:{port}")
                    self.verify(SERVER4, mebibytes=2)
                    self.lab.closed(daemon, count=4, reason="finished", inputBytes=2 * MIB + 8)
                    self.end(daemon, mode)

    def test_every_byte_arrives_and_half_close_passes_through_a_chain_of_three(self):
        self.upstreams()
        self.intercept("tproxy", *(f"{scheme}://{SERVER4}:{UPSTREAMS[scheme]}" for scheme in ("relay", "http", "socks5")))
        self.verify(SERVER4, mebibytes=2)

    def test_readers_that_do_not_read_cost_little_memory(self):
        for mode in ("redirect", "tproxy"):
            with self.subTest(mode):
                daemon = self.intercept(mode)
                before = daemon.rss_kib()
                with self.holding(SERVER4, "slow", 40):
                    self.wait_until_stalled(daemon)
                    self.assertLess((daemon.rss_kib() - before) * 1024, 4 * MIB)
                self.end(daemon, mode)

    def wait_until_stalled(self, daemon):
        """Every buffer on the way is full when the daemon has nothing to do any more."""
        def is_still():
            cpu = daemon.cpu_seconds()
            time.sleep(0.5)  # the span over which it must use no processor time
            return daemon.cpu_seconds() == cpu
        wait_until(is_still, "the daemon stops reading for clients that do not read")

    def test_held_connections_cost_little_memory(self):
        daemon = self.intercept("tproxy")
        with self.holding(MANY4, "idle", 100):  # what comes with the first connections stays out of the account
            before = daemon.rss_kib()
            with self.holding(MANY4, "idle", 2000):
                self.assertLess((daemon.rss_kib() - before) * 1024, 2 * MIB)


if __name__ == "__main__":
    unittest.main()
