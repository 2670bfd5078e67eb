# SPDX-FileCopyrightText: 2026 The Sluice authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Three network namespaces for kernel tests: client - gateway - server, over IPv4 and IPv6.

    client 10.77.20.2, fd77:20::2  --  10.77.20.1, fd77:20::1 gateway 10.77.10.2, fd77:10::2  --  10.77.10.1, fd77:10::1 server

The server also answers for all of 10.78.0.0/16. Names are unique per process and are removed at exit. Sockets are made
in a namespace by switching the calling thread to it for a moment, so tests can hold both ends in one process.
"""
import atexit
import contextlib
import ctypes
import json
import os
import signal
import socket
import struct
import subprocess
import tempfile
import threading
import time
import unittest

BIN = os.environ.get("SLUICE_BIN_DIR", os.path.join(os.getcwd(), "bin"))
CLONE_NEWNET = 0x40000000
SERVER4, SERVER6, MANY4 = "10.77.10.1", "fd77:10::1", "10.78.0.1"
GATEWAY4, GATEWAY6 = "10.77.20.1", "fd77:20::1"
CLIENT4, CLIENT6 = "10.77.20.2", "fd77:20::2"
_libc = ctypes.CDLL(None, use_errno=True)


def require_root():
    """Kernel tests need root. Without it they skip, and say so."""
    if os.geteuid() != 0:
        raise unittest.SkipTest("SKIP: kernel tests need root (CAP_SYS_ADMIN and CAP_NET_ADMIN)")


def run(*argv, check=True, timeout=30, **kwargs):
    result = subprocess.run(argv, capture_output=True, text=True, timeout=timeout, **kwargs)
    if check and result.returncode != 0:
        raise AssertionError(f"{' '.join(argv)}: exit {result.returncode}\n{result.stdout}{result.stderr}")
    return result


def in_time(seconds):
    """A bound for an assertion on time: what is expected, times ten. Machines may be busy; a hang, a wrong timeout or a
    busy loop exceeds it all the same. How fast things are is measured by tests/bench."""
    return 10 * seconds


def wait_until(condition, what, seconds=10.0):
    """Waits for a condition; fails with `what` when it does not come true in time."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds} s: {what}")
        time.sleep(0.005)


class Process:
    """A program in a namespace, with its output in a file. `stop` ends it and is called for all at the end."""

    def __init__(self, lab, namespace, argv, env=None, **kwargs):
        self.log_path = tempfile.mkstemp(prefix="log-", dir=lab.scratch)[1]
        self._log = open(self.log_path, "wb")
        self.argv = argv
        command = ["ip", "netns", "exec", lab.name(namespace), *argv] if namespace else list(argv)
        self.popen = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=self._log, stderr=self._log,
                                      env={**os.environ, **(env or {})}, **kwargs)
        lab.processes.append(self)

    @property
    def pid(self):
        return self.popen.pid  # ip netns exec replaces itself

    def output(self):
        with open(self.log_path, encoding="utf-8", errors="replace") as log:
            return log.read()

    def entries(self):
        """The JSON lines of the log."""
        found = []
        for line in self.output().splitlines():
            with contextlib.suppress(ValueError):
                entry = json.loads(line)
                if isinstance(entry, dict):
                    found.append(entry)
        return found

    def stop(self, number=signal.SIGTERM, timeout=10):
        if self.popen.poll() is None:
            self.popen.send_signal(number)
            try:
                self.popen.wait(timeout)
            except subprocess.TimeoutExpired:
                self.popen.kill()
                self.popen.wait()
                raise AssertionError(f"{self.argv[0]} did not end within {timeout} s:\n{self.output()}") from None
        return self.popen.returncode

    @contextlib.contextmanager
    def paused(self):
        """All its threads stand still meanwhile."""
        def stands():
            for thread in os.listdir(f"/proc/{self.pid}/task"):
                with open(f"/proc/{self.pid}/task/{thread}/stat", encoding="ascii") as stat:
                    if stat.read().rsplit(")", 1)[1].split()[0] not in "tT":
                        return False
            return True
        os.kill(self.pid, signal.SIGSTOP)
        try:
            wait_until(stands, "the process stops")
            yield
        finally:
            os.kill(self.pid, signal.SIGCONT)

    def fd_count(self):
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    def socket_count(self):
        def is_socket(number):
            try:
                return os.readlink(f"/proc/{self.pid}/fd/{number}").startswith("socket:")
            except FileNotFoundError:
                return False  # closed meanwhile
        return sum(map(is_socket, os.listdir(f"/proc/{self.pid}/fd")))

    def rss_kib(self):
        with open(f"/proc/{self.pid}/status", encoding="ascii") as status:
            return next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))

    def cpu_seconds(self):
        with open(f"/proc/{self.pid}/stat", encoding="ascii") as stat:
            fields = stat.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Lab:
    count = 0

    def __init__(self):
        require_root()
        Lab.count += 1
        self.prefix = f"sl-{os.getpid()}-{Lab.count}"
        self.processes = []
        self.sockets = []
        self._scratch = tempfile.TemporaryDirectory(prefix="sluice-test-")
        self.scratch = self._scratch.name
        atexit.register(self.close)
        try:
            self._build()
        except BaseException:
            self.close()
            raise

    def name(self, namespace):
        return f"{self.prefix}-{namespace}"

    def _build(self):
        for namespace in ("client", "gateway", "server"):
            run("ip", "netns", "add", self.name(namespace))
            self.ip(namespace, "link", "set", "lo", "up")
            self.sysctl(namespace, "net.ipv4.conf.all.rp_filter=0", "net.ipv4.conf.default.rp_filter=0",
                        "net.ipv4.tcp_congestion_control=reno", "net.ipv4.ip_local_port_range=10000 64999",
                        "net.ipv4.tcp_tw_reuse=1")
        self._link("gateway", "gw-c", "client", "client0", "10.77.20.1", "10.77.20.2", "fd77:20::1", "fd77:20::2")
        self._link("gateway", "gw-s", "server", "server0", "10.77.10.2", "10.77.10.1", "fd77:10::2", "fd77:10::1")
        self.ip("client", "route", "add", "default", "via", GATEWAY4)
        self.ip("server", "route", "add", "default", "via", "10.77.10.2")
        self.ip("client", "-6", "route", "add", "default", "via", GATEWAY6)
        self.ip("server", "-6", "route", "add", "default", "via", "fd77:10::2")
        self.ip("server", "route", "add", "local", "10.78.0.0/16", "dev", "lo")
        self.ip("gateway", "route", "add", "10.78.0.0/16", "via", SERVER4)
        self.sysctl("gateway", "net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1")

    def _link(self, left, left_device, right, right_device, left4, right4, left6, right6):
        run("ip", "-n", self.name(left), "link", "add", left_device, "type", "veth", "peer", "name", right_device,
            "netns", self.name(right))
        for namespace, device, v4, v6 in ((left, left_device, left4, left6), (right, right_device, right4, right6)):
            self.ip(namespace, "addr", "add", f"{v4}/24", "dev", device)
            self.ip(namespace, "addr", "add", f"{v6}/64", "dev", device, "nodad")
            self.ip(namespace, "link", "set", device, "up")

    def close(self):
        atexit.unregister(self.close)
        for process in self.processes:
            if process.popen.poll() is None:
                process.popen.kill()
            process.popen.wait()
            process._log.close()
        for sock in self.sockets:
            sock.close()
        for namespace in ("client", "gateway", "server"):
            run("ip", "netns", "del", self.name(namespace), check=False)
        self._scratch.cleanup()

    # Commands -----------------------------------------------------------------------------------------------------------

    def ip(self, namespace, *argv, check=True):
        return run("ip", "-n", self.name(namespace), *argv, check=check)

    def run(self, namespace, *argv, check=True, timeout=30, **kwargs):
        return run("ip", "netns", "exec", self.name(namespace), *argv, check=check, timeout=timeout, **kwargs)

    def sysctl(self, namespace, *settings):
        self.run(namespace, "sysctl", "-qw", *settings)

    def file(self, name, text):
        """A file in the scratch folder; returns its path."""
        path = os.path.join(self.scratch, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def spawn(self, namespace, *argv, **kwargs):
        return Process(self, namespace, list(argv), **kwargs)

    def network_state(self, namespace):
        """Everything that rules can change, as text; counters left out."""
        commands = [("iptables-save",), ("ip6tables-save",), ("nft", "-s", "list", "ruleset")]
        commands += [("ip", family, kind, "show", *rest) for family in ("-4", "-6")
                     for kind, rest in (("rule", ()), ("route", ("table", "all")))]
        lines = []
        for command in commands:
            text = self.run(namespace, *command, check=False).stdout
            lines += [line for line in text.splitlines() if not line.startswith(("#", ":")) and "proto kernel" not in line and line not in ("COMMIT",)
                      and not line.startswith("*")]
        # Routes of the kernel come late, when an interface has settled. Empty tables and base chains stay behind the iptables tools, whoever used them.
        return [line for line in lines if line.strip() and not line.startswith(("table ", "\tchain ", "\t\ttype ", "\t}", "}"))]

    # Sockets ------------------------------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def inside(self, namespace):
        """The calling thread is in the namespace meanwhile."""
        home = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        there = os.open(f"/run/netns/{self.name(namespace)}", os.O_RDONLY | os.O_CLOEXEC)
        try:
            if _libc.setns(there, CLONE_NEWNET) != 0:
                raise OSError(ctypes.get_errno(), "setns")
            yield
        finally:
            if _libc.setns(home, CLONE_NEWNET) != 0:
                os._exit(70)  # nothing may go on in the wrong namespace
            os.close(home)
            os.close(there)

    def socket(self, namespace, address, kind=socket.SOCK_STREAM):
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        with self.inside(namespace):
            sock = socket.socket(family, kind)
        sock.settimeout(10)
        self.sockets.append(sock)
        return sock

    def listen(self, namespace, address, port, backlog=128):
        sock = self.socket(namespace, address)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if ":" in address:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.bind((address, port))
        sock.listen(backlog)
        return sock

    def connect(self, namespace, address, port, timeout=10):
        sock = self.socket(namespace, address)
        sock.settimeout(timeout)
        sock.connect((address, port))
        return sock

    def serve(self, namespace, address, port, handle, backlog=128):
        """A server thread: `handle(connection, peer)` for each connection, in a thread of its own."""
        listener = self.listen(namespace, address, port, backlog)
        listener.settimeout(None)
        return Server(self, listener, handle)

    # The daemon ---------------------------------------------------------------------------------------------------------

    def sluiced(self, namespace, *arguments, before=(), env=None, listeners=None, up="is listening on", **kwargs):
        """Starts sluiced and waits until it listens (or until its log says `up`, `listeners` times). `before`: words
        that run it, such as prlimit's."""
        process = self.spawn(namespace, *before, os.path.join(BIN, "sluiced"), *arguments, env=env, **kwargs)
        wanted = listeners if listeners is not None else max(1, sum(1 for word in arguments if word == "-L"))

        def is_up():
            if process.popen.poll() is not None:
                raise AssertionError(f"sluiced ended with {process.popen.returncode}:\n{process.output()}")
            return process.output().count(up) >= wanted

        wait_until(is_up, f"sluiced listens: {arguments}")
        return process

    def closed(self, process, count=1, seconds=10, **fields):
        """Waits for `count` log entries of ended connections that have all `fields`; returns them."""
        def matching():
            entries = [entry for entry in process.entries() if "reason" in entry
                       and all(entry.get(key) == value for key, value in fields.items())]
            return entries if len(entries) >= count else None
        return wait_until(matching, f"{count} ended connections with {fields} in:\n{process.output()}", seconds)

    # Rules of the tutorial ------------------------------------------------------------------------------------------------

    def rules(self, namespace, text):
        """Runs commands, one a line, as a person would type them (comments and blank lines are skipped)."""
        for line in text.strip().splitlines():
            line = line.split("#")[0].strip()
            if line:
                self.run(namespace, *line.split())


class Server:
    def __init__(self, lab, listener, handle):
        self.listener = listener
        self.peers = []
        self.failures = []
        self._lab = lab
        self._handle = handle
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self):
        """Listens no more; connections go on."""
        self.listener.shutdown(socket.SHUT_RDWR)  # wakes accept
        self.listener.close()

    def _accept(self):
        while True:
            try:
                connection, peer = self.listener.accept()
            except OSError:
                return
            connection.settimeout(30)
            self.peers.append(peer[0])
            threading.Thread(target=self._serve, args=(connection, peer), daemon=True).start()

    def _serve(self, connection, peer):
        try:
            with connection:
                self._handle(connection, peer)
        except OSError as error:
            self.failures.append(error)


def echo(connection, _peer):
    """Sends back what it gets, then ends."""
    while data := connection.recv(65536):
        connection.sendall(data)


def receive_all(sock):
    """Everything up to the end."""
    parts = []
    while data := sock.recv(65536):
        parts.append(data)
    return b"".join(parts)


def receive_exactly(sock, count):
    data = b""
    while len(data) < count:
        part = sock.recv(count - len(data))
        if not part:
            raise AssertionError(f"the connection ended after {len(data)} of {count} bytes: {data!r}")
        data += part
    return data


def reset(sock):
    """Closes with RST."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


def text_of(address, port):
    """As the daemon writes it."""
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


class SharedLab(unittest.TestCase):
    """Tests that do not disturb each other: one lab and one daemon for all of a class.

    After each test the daemon must run and have closed every connection."""
    RULES = ()
    ARGUMENTS = ()
    CONFIG = None  # YAML, instead of the arguments
    BEFORE = ()  # words that run the daemon

    @classmethod
    def setUpClass(cls):
        cls.lab = Lab()
        cls.addClassCleanup(cls.lab.close)
        for rules in cls.RULES:
            cls.lab.rules("gateway", rules)
        arguments = ["-C", cls.lab.file("config.yaml", cls.CONFIG)] if cls.CONFIG else cls.ARGUMENTS
        if arguments:
            cls.daemon = cls.lab.sluiced("gateway", *arguments, before=cls.BEFORE)
            cls.idle_sockets = cls.daemon.socket_count()

    def setUp(self):
        self.seen = len(self.ended())

    def tearDown(self):
        self.assertIsNone(self.daemon.popen.poll(), self.daemon.output())
        wait_until(lambda: self.daemon.socket_count() == self.idle_sockets, "every connection is closed again")

    def ended(self):
        return [entry for entry in self.daemon.entries() if "reason" in entry]

    def closed(self, count=1, **fields):
        """The entries of connections that ended since the test began; waits for `count` of them."""
        def matching():
            found = [entry for entry in self.ended()[self.seen:]
                     if all(entry.get(key) == value for key, value in fields.items())]
            return found if len(found) >= count else None
        return wait_until(matching, f"{count} ended connections with {fields}")

    def assert_reset(self, address, port, payload=b""):
        """The client connects, for the listener has accepted, and is reset without a byte."""
        with self.assertRaises((ConnectionResetError, BrokenPipeError)):
            with self.lab.connect("client", address, port) as sock:
                sock.sendall(payload)
                self.assertEqual(sock.recv(1), b"it was reset")
