# SPDX-FileCopyrightText: 2026 The Sluice authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each TCP example of the tutorial, command line and YAML, over IPv4 and IPv6, with its own rules, on real traffic."""
import os
import unittest

import netlab
import tutorial
from netlab import CLIENT4, CLIENT6, SERVER4, SERVER6, Lab, echo, receive_exactly

PAYLOAD = b"GET / HTTP/1.1\r\nHost: any.test\r\n\r\n"
PLAIN = b"\x00\x01plain bytes, no known protocol\n"


def read_request(connection):
    """One HTTP head, read to its end."""
    head = b""
    while b"\r\n\r\n" not in head:
        part = connection.recv(4096)
        if not part:
            break
        head += part
    return head


class RecordingHttpProxy:
    """An upstream that speaks CONNECT and then echoes; it keeps the requests."""

    def __init__(self, lab, address):
        self.requests = []
        self.server = lab.serve("server", address, 1080, self._serve)

    def _serve(self, connection, peer):
        self.requests.append(read_request(connection).split(b"\r\n")[0].decode())
        connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        echo(connection, peer)


class TutorialTcp(unittest.TestCase):
    def setUp(self):
        self.lab = Lab()
        self.addCleanup(self.lab.close)
        self.targets = {address: self.lab.serve("server", address, 80, echo) for address in (SERVER4, SERVER6)}

    def config_file(self, text, address):
        path = os.path.join(self.lab.scratch, "tutorial.yaml")
        with open(path, "w", encoding="utf-8") as file:
            file.write(text.replace("PROXY", f"'[{address}]" if ":" in address else address)
                       .replace("]:1080", "]:1080'"))
        return path

    def start_both_ways(self, command_line, yaml, address):
        """Runs the following once with the command line and once with the YAML file."""
        for form, arguments in (("command line", command_line), ("YAML", ["-C", self.config_file(yaml, address)])):
            with self.subTest(form=form, address=address):
                daemon = self.lab.sluiced("gateway", *arguments, listeners=2)
                yield daemon
                daemon.stop()

    def exchange(self, address, payload, namespace="client"):
        with self.lab.connect(namespace, address, 80) as sock:
            sock.sendall(payload)
            self.assertEqual(receive_exactly(sock, len(payload)), payload)

    def assert_proxied(self, address):
        """The target saw the gateway, not the client."""
        self.assertNotIn(self.targets[address].peers[-1], (CLIENT4, CLIENT6))

    def rules(self, *texts):
        for text in texts:
            self.lab.rules("gateway", text)

    def check_with_own_rules(self, arguments, namespaces, requests=None):
        """The same example, but sluiced sets up the rules itself: both flavours, both back ends."""
        before = self.lab.network_state("gateway")
        for flavour in ("exact", "safe"):
            for backend in ("iptables", "nftables"):
                with self.subTest(flavour=flavour, backend=backend):
                    # The lab's addresses are private and attached, which the safe flavour leaves alone.
                    intercept = ["--intercept", "10.77.10.0/24,fd77:10::/64"] if flavour == "safe" else []
                    daemon = self.lab.sluiced("gateway", *arguments, "--rules",
                                              "both" if "gateway" in namespaces else "gateway", "--flavour", flavour,
                                              "--backend", backend, *intercept, up="rules are in place")
                    for namespace in namespaces:
                        for address in (SERVER4, SERVER6):
                            self.exchange(address, PLAIN, namespace)
                            if requests is None:
                                self.assert_proxied(address)
                    self.lab.closed(daemon, 2 * len(namespaces))
                    self.assertEqual(daemon.stop(), 0)
                    self.assertEqual(self.lab.network_state("gateway"), before, "rules were left behind")

    def test_redirect_with_mark_and_own_rules(self):
        self.check_with_own_rules(["-L", "red://:12345?sniffing=true&so_mark=100"], ["client", "gateway"])

    def test_tproxy_with_own_rules(self):
        self.check_with_own_rules(["-L", "red://:12345?sniffing=true&tproxy=true&so_mark=100"], ["client", "gateway"])

    def test_chains_with_own_rules(self):
        proxy = RecordingHttpProxy(self.lab, SERVER4)
        for listener in ("red://:12345?sniffing=true", "red://:12345?sniffing=true&tproxy=true"):
            proxy.requests.clear()
            self.check_with_own_rules(["-L", listener, "-F", f"http://{SERVER4}:1080?so_mark=100"],
                                      ["client", "gateway"], proxy.requests)
            self.assertEqual(len(proxy.requests), 4 * 4)
            self.assertTrue(all(request.startswith("CONNECT ") for request in proxy.requests), proxy.requests)

    def test_redirect_without_mark_and_own_rules(self):
        """No mark anywhere in the configuration: the guard mark keeps the daemon's own traffic out."""
        self.check_with_own_rules(["-L", "red://:12345?sniffing=true"], ["client", "gateway"])

    def test_redirect_with_mark(self):
        self.rules(tutorial.REDIRECT_RULES, tutorial.REDIRECT_RULES6)
        for address in (SERVER4, SERVER6):
            for _ in self.start_both_ways(["-L", "red://:12345?sniffing=true&so_mark=100"],
                                          tutorial.YAML_REDIRECT_WITH_MARK, address):
                self.exchange(address, PLAIN)
                self.assert_proxied(address)
                self.exchange(address, PLAIN, namespace="gateway")  # OUTPUT

    def test_redirect_with_chain(self):
        self.rules(tutorial.REDIRECT_RULES, tutorial.REDIRECT_RULES6)
        for address in (SERVER4, SERVER6):
            proxy = RecordingHttpProxy(self.lab, address)
            node = f"[{address}]" if ":" in address else address
            for _ in self.start_both_ways(
                    ["-L", "red://:12345?sniffing=true", "-F", f"http://{node}:1080?so_mark=100"],
                    tutorial.YAML_REDIRECT_CHAIN, address):
                proxy.requests.clear()
                self.exchange(address, PLAIN)
                self.exchange(address, PAYLOAD)
                self.exchange(address, PLAIN, namespace="gateway")
                self.assertEqual(proxy.requests, [f"CONNECT {node}:80 HTTP/1.1", "CONNECT any.test:80 HTTP/1.1",
                                                  f"CONNECT {node}:80 HTTP/1.1"])

    def test_redirect_without_mark(self):
        """Only the machine's own traffic, the proxy's port left out (the tutorial shows it for IPv4)."""
        self.rules(tutorial.LOCAL_DNAT_RULES)
        proxy = RecordingHttpProxy(self.lab, SERVER4)
        for _ in self.start_both_ways(["-L", "red://:12345?sniffing=true", "-F", f"{SERVER4}:1080"],
                                      tutorial.YAML_REDIRECT_WITHOUT_MARK, SERVER4):
            proxy.requests.clear()
            self.exchange(SERVER4, PAYLOAD, namespace="gateway")
            self.assertEqual(proxy.requests, ["CONNECT any.test:80 HTTP/1.1"])

    def test_tproxy(self):
        self.rules(tutorial.TPROXY_RULES, tutorial.TPROXY_RULES6)
        for address in (SERVER4, SERVER6):
            for _ in self.start_both_ways(["-L", "red://:12345?sniffing=true&tproxy=true&so_mark=100"],
                                          tutorial.YAML_TPROXY, address):
                self.exchange(address, PLAIN)
                self.assert_proxied(address)

    def test_tproxy_local_mode(self):
        """Gateway and local rules together: needs the mark on the answers of the listener too."""
        self.rules(tutorial.TPROXY_RULES, tutorial.TPROXY_LOCAL_RULES, tutorial.TPROXY_RULES6,
                   tutorial.TPROXY_LOCAL_RULES6)
        for address in (SERVER4, SERVER6):
            for daemon in self.start_both_ways(["-L", "red://:12345?sniffing=true&tproxy=true&so_mark=100"],
                                               tutorial.YAML_TPROXY, address):
                self.exchange(address, PLAIN)
                self.assert_proxied(address)
                self.exchange(address, PLAIN, namespace="gateway")
                self.lab.closed(daemon, 2, dst=f"[{address}]:80" if ":" in address else f"{address}:80")

    def test_tproxy_with_chain(self):
        self.rules(tutorial.TPROXY_RULES, tutorial.TPROXY_RULES6, tutorial.TPROXY_LOCAL_RULES,
                   tutorial.TPROXY_LOCAL_RULES6)
        for address in (SERVER4, SERVER6):
            proxy = RecordingHttpProxy(self.lab, address)
            node = f"[{address}]" if ":" in address else address
            for _ in self.start_both_ways(
                    ["-L", "red://:12345?sniffing=true&tproxy=true", "-F", f"http://{node}:1080?so_mark=100"],
                    tutorial.YAML_TPROXY_CHAIN, address):
                proxy.requests.clear()
                self.exchange(address, PLAIN)
                self.exchange(address, PAYLOAD)
                self.exchange(address, PLAIN, namespace="gateway")
                self.assertEqual(proxy.requests, [f"CONNECT {node}:80 HTTP/1.1", "CONNECT any.test:80 HTTP/1.1",
                                                  f"CONNECT {node}:80 HTTP/1.1"])


if __name__ == "__main__":
    netlab.unittest.main(verbosity=2)
