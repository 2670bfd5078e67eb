# SPDX-FileCopyrightText: 2026 The Sluice authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the interoperability tests share: targets to reach, certificates, and the exchanges every tunnel must carry.

The targets are in the server namespace, and so are the proxies: a target that was reached through a proxy saw the
server's own address, a target that was reached directly saw the gateway's.
"""
import contextlib
import functools
import hashlib
import os
import socket
import ssl
import threading
import unittest

import tutorial
from netlab import SERVER4, SERVER6, Lab, echo, receive_all, receive_exactly, run, wait_until

PAGE = b"a page over plain HTTP\n"
BANNER = b"220 the server speaks first\r\n"
BULK = 8 << 20
HTTP, TLS, ECHO, GREETER, TAIL, SINK, SOURCE, CLOSED_PORT = 80, 443, 7, 25, 9, 10, 19, 81
SITES = {SERVER4: "site4.test", SERVER6: "site6.test"}
HOSTS = "".join(f"{address} {name}\n" for address, name in SITES.items())
TPROXY = "red://:12345?sniffing=true&tproxy=true"


def host_port(address, port):
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def serve_page(connection, _peer):
    head = b""
    while b"\r\n\r\n" not in head:
        part = connection.recv(4096)
        if not part:
            return
        head += part
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%b" % (len(PAGE), PAGE))


def serve_greeting(connection, peer):
    connection.sendall(BANNER)
    echo(connection, peer)


def serve_tail(connection, _peer):
    """Answers only when the client has finished."""
    connection.sendall(b"%d bytes, then the end\n" % len(receive_all(connection)))


def serve_sink(connection, _peer):
    """Takes the bulk and answers with its hash."""
    digest, count = hashlib.sha256(), 0
    while count < BULK and (data := connection.recv(1 << 18)):
        digest.update(data)
        count += len(data)
    connection.sendall(digest.digest())


def serve_source(connection, _peer):
    """Asked with a byte, sends the hash of the bulk, then the bulk."""
    receive_exactly(connection, 1)
    data = os.urandom(BULK)
    connection.sendall(hashlib.sha256(data).digest() + data)


class Certificates:
    """An authority and what it signed, as files: NAME.pem (with the key) for each certificate."""

    def __init__(self, folder):
        self.folder = folder
        self.authority = os.path.join(folder, "ca.pem")
        self._openssl("req", "-x509", *self._new_key("ca"), "-out", self.authority, "-subj", "/CN=test authority",
                      "-days", "2")

    def _openssl(self, *arguments):
        run("openssl", *arguments)

    def _new_key(self, name):
        return ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                "-keyout", os.path.join(self.folder, name + ".key"))

    def _combine(self, name, certificate):
        path = os.path.join(self.folder, name + ".pem")
        with open(path, "w", encoding="ascii") as combined:
            for part in (certificate, os.path.join(self.folder, name + ".key")):
                with open(part, encoding="ascii") as file:
                    combined.write(file.read())
        os.chmod(path, 0o644)  # proxies read it after they gave up root; it is worth nothing
        return path

    def issue(self, name, subject_names, days=2):
        base = os.path.join(self.folder, name)
        self._openssl("req", *self._new_key(name), "-out", base + ".csr", "-subj", "/CN=test")
        with open(base + ".ext", "w", encoding="ascii") as extensions:
            extensions.write("subjectAltName=" + subject_names)
        self._openssl("x509", "-req", "-in", base + ".csr", "-CA", self.authority, "-CAkey",
                      os.path.join(self.folder, "ca.key"), "-CAcreateserial", "-out", base + ".crt",
                      "-days", str(days), "-extfile", base + ".ext")
        return self._combine(name, base + ".crt")

    def self_signed(self, name, subject_names):
        base = os.path.join(self.folder, name)
        self._openssl("req", "-x509", *self._new_key(name), "-out", base + ".crt", "-subj", "/CN=test", "-days", "2",
                      "-addext", "subjectAltName=" + subject_names)
        return self._combine(name, base + ".crt")


def is_listening(process, port):
    """Whether somebody listens on the TCP port in the namespace of the process. It must be alive."""
    if process.popen.poll() is not None:
        raise AssertionError(f"{process.argv} ended with {process.popen.returncode}:\n{process.output()}")
    for table in ("tcp", "tcp6"):
        with contextlib.suppress(OSError), open(f"/proc/{process.pid}/net/{table}", encoding="ascii") as sockets:
            for line in sockets.readlines()[1:]:
                fields = line.split()
                if fields[3] == "0A" and int(fields[1].rsplit(":", 1)[1], 16) == port:
                    return True
    return False


class Tls:
    """A TLS client over a connected socket, which can end its own direction and go on reading."""

    def __init__(self, sock, server_name=None):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        self._sock = sock
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname=server_name)
        self._drive(self._tls.do_handshake)

    def _drive(self, step):
        while True:
            try:
                result = step()
            except ssl.SSLWantReadError:
                self._flush()
                data = self._sock.recv(65536)
                if data:
                    self._incoming.write(data)
                else:
                    self._incoming.write_eof()
            else:
                self._flush()
                return result

    def _flush(self):
        self._sock.sendall(self._outgoing.read())

    def sendall(self, data):
        self._drive(lambda: self._tls.write(data))

    def recv(self, count):
        try:
            return self._drive(lambda: self._tls.read(count))
        except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
            return b""

    def shutdown(self, _how):
        with contextlib.suppress(ssl.SSLWantReadError):
            self._tls.unwrap()  # says close_notify; the peer's own may come when it likes
        self._flush()


def ask_socks5(tunnel, address, port, user="", password=""):
    """The client's side of SOCKS5, by hand: an instance to compare ours with."""
    tunnel.sendall(b"\x05\x01" + (b"\x02" if user else b"\x00"))
    if receive_exactly(tunnel, 2) == b"\x05\x02":
        tunnel.sendall(b"\x01%c%b%c%b" % (len(user), user.encode(), len(password), password.encode()))
        if receive_exactly(tunnel, 2)[1] != 0:
            raise AssertionError("the user name or password is not accepted")
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    tunnel.sendall(b"\x05\x01\x00" + (b"\x04" if ":" in address else b"\x01") + socket.inet_pton(family, address)
                   + port.to_bytes(2, "big"))
    reply = receive_exactly(tunnel, 4)
    receive_exactly(tunnel, {1: 4, 4: 16}[reply[3]] + 2)
    if reply[1] != 0:
        raise AssertionError(f"SOCKS5 reply {reply[1]}")


def ask_relay(tunnel, address, port, user="", password=""):
    """GOST's relay protocol. The answer may come with the target's first bytes only, so it is taken off later."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    raw = socket.inet_pton(family, address)
    features = b""
    if user:
        features += b"\x01" + (2 + len(user) + len(password)).to_bytes(2, "big")
        features += b"%c%b%c%b" % (len(user), user.encode(), len(password), password.encode())
    features += b"\x02" + (3 + len(raw)).to_bytes(2, "big") + (b"\x04" if ":" in address else b"\x01") + raw
    features += port.to_bytes(2, "big")
    tunnel.sendall(b"\x01\x01" + len(features).to_bytes(2, "big") + features)


def ask_http(tunnel, address, port):
    tunnel.sendall(b"CONNECT %b HTTP/1.1\r\n\r\n" % host_port(address, port).encode())
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        head += receive_exactly(tunnel, 1)
    if b" 200 " not in head.split(b"\r\n", maxsplit=1)[0]:
        raise AssertionError(head)


class InteropTest(unittest.TestCase):
    """One lab for a class: targets on both addresses, and rules (the tutorial's for TPROXY) on the gateway."""

    RULES = (tutorial.TPROXY_RULES, tutorial.TPROXY_RULES6)
    SEEN_BY_TARGETS = (SERVER4, SERVER6)  # the proxy is in the server namespace

    @classmethod
    def setUpClass(cls):
        cls.lab = Lab()
        cls.addClassCleanup(cls.lab.close)
        os.chmod(cls.lab.scratch, 0o755)  # some proxies give up root and then read their files
        cls.certificates = Certificates(cls.lab.scratch)
        cls.hosts_file = cls.file("hosts", HOSTS)
        cls.resolv_conf = cls.file("resolv.conf", "nameserver 127.0.0.1\n")  # where nobody answers
        cls.pages = {}
        site = cls.certificates.issue("site", ",".join(f"DNS:{name}" for name in SITES.values()))
        default = cls.certificates.self_signed("default", "DNS:default.test")
        for address, name in SITES.items():
            cls.pages[address] = cls.lab.serve("server", address, HTTP, serve_page)
            cls.lab.serve("server", address, ECHO, echo)
            cls.lab.serve("server", address, GREETER, serve_greeting)
            cls.lab.serve("server", address, TAIL, serve_tail)
            cls.lab.serve("server", address, SINK, serve_sink)
            cls.lab.serve("server", address, SOURCE, serve_source)
            cls.upstream(["openssl", "s_server", "-accept", host_port(address, TLS), "-www", "-quiet",
                          "-cert", default, "-servername", name, "-cert2", site, "-key2", site], TLS)
        for rules in cls.RULES:
            cls.lab.rules("gateway", rules)

    @classmethod
    def file(cls, name, text):
        path = os.path.join(cls.lab.scratch, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    @classmethod
    def upstream(cls, command, *ports, namespace="server"):
        """Starts a program that knows the sites' names, and waits until it listens."""
        mounts = f"mount --bind {cls.hosts_file} /etc/hosts && mount --bind {cls.resolv_conf} /etc/resolv.conf"
        process = cls.lab.spawn(namespace, "sh", "-c", mounts + ' && exec "$@"', "sh", *command)
        for port in ports:
            wait_until(lambda port=port: is_listening(process, port), f"{command[0]} listens on {port}")
        return process

    @contextlib.contextmanager
    def gateway(self, *forwards, listen=TPROXY, options=()):
        """sluiced on the gateway, with the given chain."""
        chain = [word for forward in forwards for word in ("-F", forward)]
        arguments = ["-L", listen, *chain, "--drain", "1s", *options]
        daemon = self.lab.sluiced("gateway", *arguments, listeners=1)
        try:
            yield daemon
        finally:
            daemon.stop()

    # Exchanges, each between the client namespace and a target --------------------------------------------------------

    def curl(self, *arguments, namespace="client", check=True):
        return self.lab.run(namespace, "curl", "-sS", "--max-time", "10", *arguments, check=check)

    def check_page(self, address, *options):
        self.assertEqual(self.curl(*options, f"http://{host_port(address, HTTP)}/").stdout.encode(), PAGE)
        self.assertIn(self.pages[address].peers[-1], self.SEEN_BY_TARGETS, "the proxy was not on the way")

    def check_tls_page(self, address, *options):
        """The name is in the client's hello only; curl checks it against the certificate."""
        name = SITES[address]
        page = self.curl("--cacert", self.certificates.authority, "--resolve", f"{name}:{TLS}:{address}", *options,
                         f"https://{name}/").stdout
        self.assertIn("s_server", page)

    def check_greeting(self, connect):
        with connect(GREETER) as tunnel:
            self.assertEqual(receive_exactly(tunnel, len(BANNER)), BANNER)
            tunnel.sendall(b"EHLO\r\n")
            self.assertEqual(receive_exactly(tunnel, 6), b"EHLO\r\n")

    def check_bulk(self, connect):
        """Megabytes, one way and the other."""
        data = os.urandom(BULK)
        with connect(SINK) as tunnel:
            tunnel.sendall(data)
            self.assertEqual(receive_exactly(tunnel, 32), hashlib.sha256(data).digest())
        with connect(SOURCE) as tunnel:
            tunnel.sendall(b"?")
            digest = receive_exactly(tunnel, 32)
            received, count = hashlib.sha256(), 0
            while part := tunnel.recv(1 << 18):
                received.update(part)
                count += len(part)
            self.assertEqual((count, received.digest()), (BULK, digest))

    def check_duplex(self):
        """Megabytes both ways at the same time: a proxy with blocking writes (microsocks) stalls on this by itself."""
        data = os.urandom(BULK)
        received, count = hashlib.sha256(), 0
        with self.lab.connect("client", SERVER4, ECHO) as tunnel:
            sender = threading.Thread(target=tunnel.sendall, args=(data,), daemon=True)
            sender.start()
            while count < BULK and (part := tunnel.recv(1 << 18)):
                received.update(part)
                count += len(part)
            sender.join(10)
        self.assertEqual((count, received.digest()), (BULK, hashlib.sha256(data).digest()))

    @staticmethod
    def keeps_half_close(connect):
        """Whether the answer comes to a client that has finished."""
        with connect(TAIL) as tunnel:
            tunnel.sendall(b"12345")
            tunnel.shutdown(socket.SHUT_WR)
            try:
                return receive_all(tunnel).endswith(b"5 bytes, then the end\n")
            except OSError:
                return False

    def check_tunnel(self, *addresses, half_close=True):
        """Everything a chain must carry, to each of the target's addresses."""
        for address in addresses or SITES:
            with self.subTest(target=address):
                connect = functools.partial(self.lab.connect, "client", address)
                self.check_page(address)
                self.check_tls_page(address)
                self.check_streams(connect, half_close)

    def check_streams(self, connect, half_close=True, greeting=True):
        if greeting:
            self.check_greeting(connect)
        self.check_bulk(connect)
        if half_close:
            self.assertTrue(self.keeps_half_close(connect), "the answer after the client's end is lost")

    def upstream_keeps_half_close(self, name, ask, port, *, tls=False, proxy=SERVER4, target=SERVER4, **keywords):
        """Asks the upstream itself, without us. Where it loses the answer nobody can expect us to have it."""
        @contextlib.contextmanager
        def connect(target_port):
            with self.lab.connect("gateway", proxy, port) as sock:
                tunnel = Tls(sock) if tls else sock
                ask(tunnel, target, target_port, **keywords)
                yield tunnel

        keeps = self.keeps_half_close(connect)
        if not keeps:
            print(f"note: {name} does not keep a half-closed connection, with or without us", flush=True)
        return keeps

    # Refusals ---------------------------------------------------------------------------------------------------------

    def refused(self, daemon, address=SERVER4, port=ECHO, secrets=()):
        """Connects; the client must see the end, soon and without a byte. Returns what the log says about it."""
        with self.lab.connect("client", address, port) as sock, contextlib.suppress(ConnectionResetError,
                                                                                     BrokenPipeError):
            remote = host_port(*sock.getsockname()[:2])
            sock.sendall(b"ping")
            self.assertEqual(receive_all(sock), b"")
        entry = self.lab.closed(daemon, 1, remote=remote)[0]
        for secret in secrets:
            self.assertNotIn(secret, daemon.output())
        return entry.get("err", "")
