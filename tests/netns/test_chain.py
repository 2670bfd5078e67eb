# SPDX-FileCopyrightText: 2026 The Sluice authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Chains of proxies: several hops, what happens when nodes fail, what must never go out directly, and packet marks."""
import time
import unittest

import netlab
from netlab import BIN, MANY4, SERVER4, Lab, echo, receive_exactly, wait_until
from peers import HttpProxy, NameServer, RelayProxy

# Only forwarded traffic, so that marks of any value may be used.
REDIRECT_FORWARDED = "iptables -t nat -A PREROUTING -i gw-c -p tcp -j REDIRECT --to-ports 12345"
PAYLOAD = b"\x00\x01 no known protocol"
SECRET = "n0t-to-be-logged"


def node(name="node-0", at=f"{SERVER4}:1080", connector="{type: http}", more=""):
    return f'{{name: {name}, addr: "{at}", connector: {connector}, dialer: {{type: tcp}}{more}}}'


def hop(*nodes, name="hop-0", more=""):
    return f"{{name: {name}, nodes: [{', '.join(nodes)}]{more}}}"


def config(*hops, service="", handler="", rest=""):
    return f"""
services:
- name: service-0
  addr: :12345
  {service}
  handler: {{type: red, chain: chain-0 {handler}}}
  listener: {{type: red}}
chains:
- name: chain-0
  hops: [{', '.join(hops)}]
{rest}
"""


class Chain(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.lab = Lab()
        cls.addClassCleanup(cls.lab.close)
        cls.lab.rules("gateway", REDIRECT_FORWARDED)
        # What reaches a target from the gateway: proxies are in the server, so theirs does not come over the link.
        cls.lab.rules("server", "iptables -A INPUT -i server0 -d 10.78.0.0/16 -j ACCEPT")
        cls.target = cls.lab.serve("server", MANY4, 80, echo)

    def setUp(self):
        self.leaked_before = self.leaked()
        self.servers = []

    def tearDown(self):
        for server in self.servers:
            server.close()

    def start(self, text, *arguments):
        """The daemon for one test, and where its log goes."""
        self.daemon = self.lab.sluiced("gateway", "-C", self.lab.file("chain.yaml", text), *arguments, listeners=1)
        self.addCleanup(self.daemon.stop)

    def proxy(self, kind, *arguments, **options):
        made = kind(self.lab, *arguments, **options)
        self.servers.append(made.server)
        return made

    def packets(self, namespace, table, chain):
        """The packet counters of a chain's rules."""
        listed = self.lab.run(namespace, "iptables", "-t", table, "-nvxL", chain).stdout
        return [int(line.split()[0]) for line in listed.splitlines()[2:]]

    def leaked(self):
        return self.packets("server", "filter", "INPUT")[0]

    def assert_nothing_leaked(self):
        self.assertEqual(self.leaked(), self.leaked_before)

    def exchange(self, address=MANY4, port=80, payload=PAYLOAD):
        with self.lab.connect("client", address, port) as sock:
            sock.sendall(payload)
            self.assertEqual(receive_exactly(sock, len(payload)), payload)

    def assert_reset(self, address=MANY4, port=80, within=1.0):
        """The client is reset, and nothing went out directly. Returns the log entry."""
        count = sum(1 for entry in self.daemon.entries() if "reason" in entry)
        before = time.monotonic()
        with self.assertRaises((ConnectionResetError, BrokenPipeError)):
            with self.lab.connect("client", address, port) as sock:
                sock.sendall(PAYLOAD)
                self.assertEqual(sock.recv(1), b"it was reset")
        self.assertLess(time.monotonic() - before, netlab.in_time(within))
        self.assert_nothing_leaked()
        return self.lab.closed(self.daemon, count + 1)[-1]


class Hops(Chain):
    def test_two_hops(self):
        first = self.proxy(RelayProxy, SERVER4, 8421, dials=True)
        second = self.proxy(HttpProxy, "10.78.0.2", 1080, dials=True)
        self.start(config(hop(node("a", f"{SERVER4}:8421", "{type: relay}")),
                          hop(node("b", "10.78.0.2:1080"), name="hop-1")))
        self.exchange()
        self.assertEqual(first.requests, [(1, "10.78.0.2", 1080)])
        self.assertEqual(second.requests, [f"{MANY4}:80"])
        self.assert_nothing_leaked()
        entry = self.lab.closed(self.daemon)[0]
        self.assertEqual(entry["route"], f"a@{SERVER4}:8421 > b@10.78.0.2:1080 > {MANY4}:80")

    def test_second_hop_is_named(self):
        """Its name is for the first hop to resolve."""
        first = self.proxy(RelayProxy, SERVER4, 8422)
        self.start(config(hop(node("a", f"{SERVER4}:8422", "{type: relay}")), hop(node("b", "next.test:1080"), name="hop-1")))
        self.assert_reset()  # it echoes the CONNECT request
        self.assertEqual(first.requests, [(3, "next.test", 1080)])

    def test_bypass_of_a_hop(self):
        """On the first hop it means directly, on the second it means through the first alone."""
        first = self.proxy(RelayProxy, SERVER4, 8423, dials=True)
        second = self.proxy(HttpProxy, "10.78.0.2", 1081, dials=True)
        for address in ("10.78.1.1", "10.78.2.1"):
            self.lab.serve("server", address, 80, echo)
        self.start(config(hop(node("a", f"{SERVER4}:8423", "{type: relay}"), more=", bypass: direct"),
                          hop(node("b", "10.78.0.2:1081"), name="hop-1", more=", bypass: short"),
                          rest="""
bypasses:
- {name: direct, matchers: [10.78.1.0/24]}
- {name: short, matchers: [10.78.2.0/24]}
"""))
        self.exchange("10.78.2.1")
        self.assertEqual((first.requests, second.requests), ([(1, "10.78.2.1", 80)], []))
        self.assert_nothing_leaked()
        self.exchange("10.78.1.1")
        self.assertEqual((len(first.requests), second.requests), (1, []))
        self.assertGreater(self.leaked(), self.leaked_before)  # this one was meant to

    def test_no_usable_node_fails_closed(self):
        proxy = self.proxy(HttpProxy, SERVER4, 1080)
        self.start(config(hop(node(more=', matcher: {rule: "Host(`other.test`)"}'))))
        self.assertEqual(self.assert_reset()["reason"], "no usable node")
        self.assertEqual(proxy.requests, [])

    def test_chain_without_a_hop_fails_closed(self):
        """The daemon does not start with it, or refuses every connection. It never dials directly."""
        path = self.lab.file("empty.yaml", config())
        process = self.lab.spawn("gateway", f"{BIN}/sluiced", "-C", path)
        wait_until(lambda: process.popen.poll() is not None or "is listening on" in process.output(), "it starts or not")
        if process.popen.poll() is None:
            self.daemon = process
            self.addCleanup(process.stop)
            self.assertEqual(self.assert_reset()["reason"], "no usable node")
        self.assert_nothing_leaked()


class Failures(Chain):
    def test_node_that_refuses(self):
        self.start(config(hop(node(at=f"{SERVER4}:9"))))
        for _ in range(3):
            entry = self.assert_reset()
            self.assertEqual(entry["reason"], "dial failed")
            self.assertIn(f"node node-0 ({SERVER4}:9)", entry["err"])

    def test_node_that_does_not_answer(self):
        """Neither the kernel of it, nor a program that has accepted."""
        self.lab.rules("server", "iptables -A INPUT -p tcp --dport 7 -j DROP")
        self.servers.append(silent := self.lab.listen("server", SERVER4, 8))
        for port in (7, silent.getsockname()[1]):
            with self.subTest(port=port):
                self.start(config(hop(node(at=f"{SERVER4}:{port}")), service="metadata: {dialTimeout: 700ms}"))
                before = time.monotonic()
                entry = self.assert_reset(within=1.2)
                self.assertGreater(time.monotonic() - before, 0.6)
                self.assertEqual(entry["reason"], "dial timeout")
                self.assertIn(f"{SERVER4}:{port}", entry["err"])
                self.daemon.stop()

    def test_timeout_comes_before_the_default(self):
        """Ten dials at once to a node that drops everything: each has its own timeout, none blocks the others."""
        self.lab.rules("server", "iptables -A INPUT -p tcp --dport 6 -j DROP")
        self.start(config(hop(node(at=f"{SERVER4}:6")), service="metadata: {dialTimeout: 500ms}"))
        before = time.monotonic()
        sockets = [self.lab.connect("client", MANY4, 80) for _ in range(10)]
        for sock in sockets:
            with self.assertRaises(ConnectionResetError):
                sock.recv(1)
        self.assertLess(time.monotonic() - before, netlab.in_time(0.6))
        self.assert_nothing_leaked()

    def test_wrong_password(self):
        kinds = ("http", "socks5", "relay")
        proxies = self.lab.sluiced("server", *(word for number, kind in enumerate(kinds)
                                               for word in ("-L", f"{kind}://user:right@:{8100 + number}")))
        self.addCleanup(proxies.stop)
        for number, kind in enumerate(kinds):
            with self.subTest(kind=kind):
                auth = f"{{type: {kind}, auth: {{username: user, password: {SECRET}}}}}"
                self.start(config(hop(node(at=f"{SERVER4}:{8100 + number}", connector=auth)), handler=", retries: 1"), "-DD")
                entry = self.assert_reset()
                # A relay may answer together with the target's first bytes only, so it is not waited for.
                self.assertEqual(entry["reason"], "upstream failed" if kind == "relay" else "dial failed")
                self.assertRegex(entry["err"], "(?i)password|credential|authenti|unauthori")
                self.assertNotIn(SECRET, self.daemon.output())
                self.assertNotIn("dXNlcj", self.daemon.output())  # user: in base64
                self.daemon.stop()
                right = auth.replace(SECRET, "right")
                self.start(config(hop(node(at=f"{SERVER4}:{8100 + number}", connector=right))))
                self.exchange()
                self.daemon.stop()

    def test_wrong_password_is_not_tried_over_and_over(self):
        proxy = self.proxy(HttpProxy, SERVER4, 1083, answer=b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n")
        self.start(config(hop(node(at=f"{SERVER4}:1083"))))
        self.assert_reset()
        time.sleep(0.5)
        self.assertEqual(len(proxy.requests), 1)

    def test_error_of_each_proxy_is_told(self):
        for port, make, connector, wanted in (
                (1085, lambda: self.proxy(HttpProxy, SERVER4, 1085, answer=b"HTTP/1.1 503 Service Unavailable\r\n\r\n"),
                 "{type: http}", "503"),
                (1086, lambda: self.proxy(RelayProxy, SERVER4, 1086, status=6), "{type: relay}", "(?i)host"),
                (1087, lambda: self.proxy(RelayProxy, SERVER4, 1087, status=3), "{type: relay}", "(?i)forbid|refus")):
            with self.subTest(port=port):
                make()
                self.start(config(hop(node(at=f"{SERVER4}:{port}", connector=connector))))
                self.assertRegex(self.assert_reset()["err"], wanted)
                self.daemon.stop()


SELECTOR = ", selector: {strategy: fifo, maxFails: 1, failTimeout: 1s}"


class Failover(Chain):
    def two_nodes(self, a_port, b_port, selector=SELECTOR, **options):
        return config(hop(node("a", f"{SERVER4}:{a_port}"), node("b", f"{SERVER4}:{b_port}"), more=selector), **options)

    def test_without_retries_the_first_request_finds_out(self):
        """Then the other node is used, until the dead one is tried again."""
        second = self.proxy(HttpProxy, SERVER4, 1092)
        self.start(self.two_nodes(1091, 1092))
        self.assert_reset()
        failed = time.monotonic()
        for _ in range(3):
            self.exchange()
        self.assertEqual(len(second.requests), 3)
        first = self.proxy(HttpProxy, SERVER4, 1091)
        self.exchange()
        if time.monotonic() - failed < 0.9:  # a busy machine may be slower
            self.assertEqual(first.requests, [])
        wait_until(lambda: time.monotonic() - failed > 1.05, "failTimeout is over")
        self.exchange()
        self.assertEqual(len(first.requests), 1)
        self.assert_nothing_leaked()

    def test_with_a_retry_the_first_request_succeeds(self):
        second = self.proxy(HttpProxy, SERVER4, 1094)
        self.start(self.two_nodes(1093, 1094, handler=", retries: 1"))
        self.exchange()
        self.exchange()
        self.assertEqual(len(second.requests), 2)
        self.assert_nothing_leaked()

    def test_node_that_accepts_but_refuses_to_connect_fails_too(self):
        for fails in (1, 2):
            with self.subTest(maxFails=fails):
                first = self.proxy(HttpProxy, SERVER4, 1095 + 10 * fails, answer=b"HTTP/1.1 403 Forbidden\r\n\r\n")
                second = self.proxy(HttpProxy, SERVER4, 1096 + 10 * fails)
                self.start(self.two_nodes(1095 + 10 * fails, 1096 + 10 * fails,
                                          f", selector: {{strategy: fifo, maxFails: {fails}, failTimeout: 30s}}"))
                for _ in range(fails):
                    self.assert_reset()
                for _ in range(3):
                    self.exchange()
                self.assertEqual((len(first.requests), len(second.requests)), (fails, 3))
                self.daemon.stop()

    def test_all_nodes_dead_fails_closed_and_recovers(self):
        self.start(self.two_nodes(1097, 1098, handler=", retries: 2"))
        for _ in range(3):
            self.assert_reset()
        self.proxy(HttpProxy, SERVER4, 1097)
        self.exchange()  # the last resort is the first node, also before failTimeout is over

    def test_round_shares_the_work(self):
        proxies = [self.proxy(HttpProxy, SERVER4, port) for port in (1121, 1122, 1123)]
        nodes = [node(f"n{port}", f"{SERVER4}:{port}") for port in (1121, 1122, 1123)]
        self.start(config(hop(*nodes, more=", selector: {strategy: round}")))
        for _ in range(9):
            self.exchange()
        self.assertEqual([len(proxy.requests) for proxy in proxies], [3, 3, 3])


class NodeNames(Chain):
    """A node that is given by name."""
    REST = f"resolvers: [{{name: resolver-0, nameservers: [{{addr: {SERVER4}, timeout: 1s}}]}}]"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.names = NameServer(cls.lab, SERVER4, {"both.test": ["10.78.9.9", SERVER4], "six.test": ["fd77:10::99", SERVER4]},
                               silent=("hanging.test",))

    def named(self, name, port=1080, **options):
        return config(hop(node(at=f"{name}:{port}")), rest=self.REST, **options)

    def test_next_address_is_tried(self):
        proxy = self.proxy(HttpProxy, SERVER4, 1080)
        for name in ("both.test", "six.test"):
            with self.subTest(name=name):
                proxy.requests.clear()
                self.start(self.named(name, service="resolver: resolver-0"))
                self.exchange()
                self.assertEqual(proxy.requests, [f"{MANY4}:80"])
                self.daemon.stop()

    def test_silent_address_is_left_for_the_next(self):
        """An address that drops everything takes two seconds of the dial timeout, not all of it."""
        self.lab.rules("gateway", f"ip route add 10.79.0.0/16 via {SERVER4}")  # which does not forward
        self.names.names["silent.test"] = ["10.79.9.8", SERVER4]
        proxy = self.proxy(HttpProxy, SERVER4, 1080)
        self.start(self.named("silent.test", service="resolver: resolver-0"))
        before = time.monotonic()
        self.exchange()
        self.assertTrue(1.5 < time.monotonic() - before < 3)
        self.assertEqual(proxy.requests, [f"{MANY4}:80"])

    def test_unknown_name_fails_closed(self):
        self.start(self.named("missing.test", service="resolver: resolver-0"))
        self.assertIn("missing.test", self.assert_reset()["err"])

    def test_name_server_that_hangs_holds_nobody_up(self):
        """Its own connection fails in time; those of other services go on meanwhile."""
        self.proxy(HttpProxy, SERVER4, 1080)
        self.lab.rules("gateway", "iptables -t nat -I PREROUTING -i gw-c -p tcp --dport 81 -j REDIRECT --to-ports 12346")
        self.lab.serve("server", MANY4, 81, echo)
        self.start(self.named("hanging.test", service="resolver: resolver-0")
                   .replace("chains:", "- {name: service-1, addr: ':12346', handler: {type: red}, listener: {type: red}}\nchains:"))
        waiting = self.lab.connect("client", MANY4, 80)
        wait_until(lambda: ("hanging.test", 1) in self.names.questions, "the name is asked for")
        before = time.monotonic()
        self.exchange(port=81)
        self.assertLess(time.monotonic() - before, netlab.in_time(0.3))
        waiting.settimeout(3)
        with self.assertRaises(ConnectionResetError):
            waiting.recv(1)


class Marks(Chain):
    """Which mark the sockets carry, counted by netfilter."""
    VALUES = (0, 100, 200, 300)

    def count_marks(self, match):
        """A chain that counts the packets of `match` by mark, one rule a value; -1 is any other."""
        self.lab.run("gateway", "iptables", "-t", "mangle", "-F", "OUTPUT")
        for value in self.VALUES:
            self.lab.run("gateway", "iptables", "-t", "mangle", "-A", "OUTPUT", *match.split(), "-m", "mark", "--mark",
                         str(value), "-j", "ACCEPT")

    def assert_marked(self, value):
        counted = dict(zip(self.VALUES, self.packets("gateway", "mangle", "OUTPUT")))
        self.assertGreater(counted.pop(value), 0)
        self.assertEqual(set(counted.values()), {0})

    def test_first_hop(self):
        proxy = self.proxy(HttpProxy, SERVER4, 1080)
        hop_mark, node_mark = ", sockopts: {mark: 100}", ", sockopts: {mark: 200}"
        for value, text in (
                (100, config(hop(node(), more=hop_mark))),
                (200, config(hop(node(more=node_mark), more=hop_mark))),
                (300, config(hop(node(more=node_mark + ", metadata: {so_mark: 300}"), more=hop_mark))),
                (300, config(hop(node(), more=hop_mark + ", metadata: {so_mark: 300}"))),
                (100, config(hop(node()), service="sockopts: {mark: 100}")),
                (100, config(hop(node()), service="metadata: {so_mark: 100}")),
                (200, config(hop(node(more=node_mark)), service="sockopts: {mark: 100}"))):
            with self.subTest(config=text):
                self.count_marks(f"-p tcp -d {SERVER4} --dport 1080")
                self.start(text)
                self.exchange()
                self.assert_marked(value)
                self.daemon.stop()
        self.assertEqual(len(proxy.requests), 7)

    def test_direct(self):
        text = config(service="sockopts: {mark: 100}").replace(", chain: chain-0", "").split("chains:")[0]
        self.count_marks(f"-p tcp -d {MANY4} --dport 80")
        self.start(text)
        self.exchange()
        self.assert_marked(100)

    def test_questions_for_names(self):
        """The name server's packets carry the mark of the connection that needs the name."""
        NameServer(self.lab, SERVER4, {"node.test": [SERVER4]})
        self.proxy(HttpProxy, SERVER4, 1080)
        self.count_marks(f"-p udp -d {SERVER4} --dport 53")
        self.start(config(hop(node(at="node.test:1080", more=", sockopts: {mark: 200}")),
                          service="resolver: resolver-0", rest=NodeNames.REST))
        self.exchange()
        self.assert_marked(200)


if __name__ == "__main__":
    unittest.main(verbosity=2)
