# SPDX-FileCopyrightText: 2026 The Sluice authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the daemon meets in kernel tests: a TLS client's first message, HTTP heads, a name server, upstream proxies."""
import socket
import struct
import threading

from netlab import echo, receive_exactly


def vector(data, size):
    """TLS's vectors: the length, then the bytes."""
    return len(data).to_bytes(size, "big") + data


def client_hello(name=None, record_size=16384):
    """A ClientHello that asks for `name`, in TLS records of at most `record_size` bytes."""
    extensions = b"\x00\x2b" + vector(vector(b"\x03\x04", 1), 2)  # supported versions: TLS 1.3
    if name is not None:
        extensions += b"\x00\x00" + vector(vector(b"\x00" + vector(name.encode(), 2), 2), 2)
    extensions += b"\x00\x15" + vector(bytes(700), 2)  # padding, as large as a browser's key share
    body = b"\x03\x03" + b"r" * 32 + vector(b"s" * 32, 1) + vector(b"\x13\x01", 2) + vector(b"\x00", 1)
    message = b"\x01" + vector(body + vector(extensions, 2), 3)
    return b"".join(b"\x16\x03\x01" + vector(message[at:at + record_size], 2)
                    for at in range(0, len(message), record_size))


def request_for(host, path="/"):
    return f"GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()


def read_head(connection):
    """One HTTP head and not a byte more."""
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        head += receive_exactly(connection, 1)
    return head


class Recorder:
    """A server that keeps what each connection brought, and echoes it."""

    def __init__(self, lab, address, port, namespace="server"):
        self.received = []
        self.server = lab.serve(namespace, address, port, self._serve)

    def _serve(self, connection, _peer):
        self.received.append(b"")
        place = len(self.received) - 1
        while data := connection.recv(65536):
            self.received[place] += data
            connection.sendall(data)


class HttpProxy:
    """An upstream that is asked with CONNECT. It keeps the requests; `dials` makes it a real proxy, else it echoes."""

    def __init__(self, lab, address, port, dials=False, answer=b"HTTP/1.1 200 Connection established\r\n\r\n"):
        self.lab = lab
        self.requests = []
        self.heads = []
        self.answer = answer
        self.dials = dials
        self.server = lab.serve("server", address, port, self._serve)

    def _serve(self, connection, peer):
        head = read_head(connection).decode()
        target = head.split()[1]
        self.heads.append(head)
        self.requests.append(target)
        if not self.dials:
            connection.sendall(self.answer)
            if b" 200 " in self.answer:
                echo(connection, peer)
            return
        host, port = target.rsplit(":", 1)
        with self.lab.connect("server", host.strip("[]"), int(port)) as upstream:
            connection.sendall(self.answer)
            relay(connection, upstream)


class RelayProxy:
    """An upstream that speaks the relay protocol. It keeps (address type, address, port) of each request."""

    def __init__(self, lab, address, port, dials=False, status=0):
        self.lab = lab
        self.requests = []
        self.dials = dials
        self.status = status
        self.server = lab.serve("server", address, port, self._serve)

    def _serve(self, connection, peer):
        _version, _command, length = struct.unpack("!BBH", receive_exactly(connection, 4))
        features = receive_exactly(connection, length)
        target = None
        while features:
            kind, size = struct.unpack("!BH", features[:3])
            data, features = features[3:3 + size], features[3 + size:]
            if kind == 2:
                port = int.from_bytes(data[-2:], "big")
                if data[0] == 3:
                    target = (3, data[2:-2].decode(), port)
                else:
                    target = (data[0], socket.inet_ntop({1: socket.AF_INET, 4: socket.AF_INET6}[data[0]], data[1:-2]), port)
        self.requests.append(target)
        if not self.dials or self.status:
            connection.sendall(bytes([1, self.status, 0, 0]))
            if not self.status:
                echo(connection, peer)
            return
        with self.lab.connect("server", target[1], target[2]) as upstream:
            connection.sendall(b"\x01\x00\x00\x00")
            relay(connection, upstream)


def relay(left, right):
    """Copies both ways until both have ended."""
    def copy(source, sink):
        try:
            while data := source.recv(65536):
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # the other end tells the tests
    other = threading.Thread(target=copy, args=(right, left), daemon=True)
    other.start()
    copy(left, right)
    other.join()


class NameServer:
    """Answers over UDP: `names` maps a name to a list of IPv4 and IPv6 addresses; others do not exist.
    `silent` names get no answer."""

    def __init__(self, lab, address, names, port=53, silent=()):
        self.names = names
        self.silent = silent
        self.questions = []
        self._socket = lab.socket("server", address, socket.SOCK_DGRAM)
        self._socket.settimeout(None)
        self._socket.bind((address, port))
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self):
        while True:
            try:
                query, peer = self._socket.recvfrom(4096)
            except OSError:
                return
            labels, at = [], 12
            while query[at]:
                labels.append(query[at + 1:at + 1 + query[at]].decode())
                at += 1 + query[at]
            name, kind = ".".join(labels).lower(), int.from_bytes(query[at + 1:at + 3], "big")
            self.questions.append((name, kind))
            if name in self.silent:
                continue
            family, size = {1: (socket.AF_INET, 4), 28: (socket.AF_INET6, 16)}.get(kind, (None, 0))
            records = [socket.inet_pton(family, text) for text in self.names.get(name, ())
                       if family and (":" in text) == (family == socket.AF_INET6)]
            flags = 0x8180 if name in self.names else 0x8183
            answer = query[:2] + struct.pack("!HHHHH", flags, 1, len(records), 0, 0) + query[12:at + 5]
            for record in records:
                answer += b"\xc0\x0c" + struct.pack("!HHIH", kind, 1, 5, size) + record
            self._socket.sendto(answer, peer)
