# SPDX-FileCopyrightText: 2026 The Sluice authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules without a proxy: loading them in a namespace, reading them back, and a listener that only says it was reached."""
import contextlib
import ctypes
import os
import re
import socket
import struct
import threading

from netlab import BIN, Lab, run

APPLY_PLAN = os.path.join(BIN, "apply_plan")
TARGET4, TARGET6 = "198.51.100.7", "2001:db8:5::7"  # outside all reserved ranges; the server answers for them
PUBLIC_CLIENT4 = "203.0.113.2"
PORT = 12345
BACKENDS = {  # name -> options of apply_plan
    "iptables-nft": ("--backend", "iptables", "--iptables", "iptables-nft"),
    "iptables-legacy": ("--backend", "iptables", "--iptables", "iptables-legacy"),
    "nftables": ("--backend", "nftables"),
}
_IP_TRANSPARENT, _IPV6_TRANSPARENT = 19, 75
_IP_RECVORIGDSTADDR, _IPV6_RECVORIGDSTADDR = 20, 74
_SO_ORIGINAL_DST = 80


def sections(dump):
    """A dump of iptables-save without what changes by itself; tables that hold nothing are left out."""
    text = ""
    for table in re.split(r"^(?=\*)", dump, flags=re.M)[1:]:
        lines = [re.sub(r" \[\d+:\d+\]$", "", line) for line in table.splitlines() if not line.startswith("#")]
        if any(line.startswith("-A") or (line.startswith(":") and line.endswith(" -")) for line in lines):
            text += "\n".join([lines[0], *sorted(line for line in lines if line.startswith(":")),
                               *(line for line in lines if line.startswith("-"))]) + "\n"
    return text


def network_state(execute):
    """Everything that rules can change, as text. `execute` runs a command in the namespace and returns its output."""
    parts = []
    for variant in ("iptables-nft", "ip6tables-nft", "iptables-legacy", "ip6tables-legacy"):
        parts.append(f"{variant}\n{sections(execute(variant + '-save'))}")
    # Tables of iptables-nft are in the dumps above, where empty ones do not count.
    tables = [line for line in execute("nft", "list", "tables").splitlines()
              if not re.fullmatch(r"table ip6? (mangle|nat|filter|raw|security)", line)]
    for line in sorted(tables):
        parts.append(execute("nft", "list", *line.split()))
    for family in ("-4", "-6"):
        parts.append(execute("ip", family, "rule"))
        routes = execute("ip", family, "route", "show", "table", "all").splitlines()
        parts.append("\n".join(line for line in routes if "proto kernel" not in line))  # those come and go with links
    return "\n".join(parts)


class Namespace:
    """A bare network namespace with lo up, removed by close()."""
    count = 0

    def __init__(self):
        Namespace.count += 1
        self.name = f"sl-{os.getpid()}-r{Namespace.count}"
        run("ip", "netns", "add", self.name)
        run("ip", "-n", self.name, "link", "set", "lo", "up")

    def close(self):
        run("ip", "netns", "del", self.name, check=False)

    def run(self, *argv, check=True, **kwargs):
        return run("ip", "netns", "exec", self.name, *argv, check=check, **kwargs)

    def output(self, *argv):
        return self.run(*argv).stdout

    def state(self):
        return network_state(self.output)


class TrafficBed(Lab):
    """The three namespaces, with public addresses on both ends and servers that answer DIRECT."""

    def __init__(self):
        super().__init__()
        self.ip("server", "route", "add", "local", "198.51.100.0/24", "dev", "lo")
        self.ip("gateway", "route", "add", "198.51.100.0/24", "via", "10.77.10.1")
        self.ip("server", "addr", "add", f"{TARGET6}/128", "dev", "lo", "nodad")
        self.ip("gateway", "-6", "route", "add", "2001:db8:5::/64", "via", "fd77:10::1")
        self.ip("client", "addr", "add", f"{PUBLIC_CLIENT4}/24", "dev", "client0")
        self.ip("gateway", "addr", "add", "203.0.113.1/24", "dev", "gw-c")
        self.state_folder = os.path.join(self.scratch, "run")
        for address in ("0.0.0.0", "::"):
            self.serve("server", address, 80, self._answer_direct)
            self._serve_udp("server", address, 80)
        self.proxies = []

    @staticmethod
    def _answer_direct(connection, _peer):
        connection.sendall(b"DIRECT")

    def _serve_udp(self, namespace, address, port):
        sock = self.udp(namespace, address)
        sock.setsockopt(socket.IPPROTO_IP, 8, 1)  # IP_PKTINFO: the answer must come from the address asked
        if ":" in address:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO, 1)
        sock.bind((address, port))
        sock.settimeout(None)

        def answer():
            with contextlib.suppress(OSError):
                while True:
                    _, control, _, peer = sock.recvmsg(2048, 256)
                    if not control:
                        return  # shut down
                    level, kind, data = control[0]
                    if level == socket.IPPROTO_IP:
                        data = struct.pack("i4s4s", 0, data[8:12], b"\0" * 4)  # ipi_spec_dst = the address asked
                    else:
                        data = data[:16] + b"\0" * 4  # by whatever interface
                    sock.sendmsg([b"DIRECT"], [(level, kind, data)], 0, peer)
        threading.Thread(target=answer, daemon=True).start()

    def udp(self, namespace, address):
        return self.socket(namespace, address, socket.SOCK_DGRAM)

    def plan(self, *options, check=True, **kwargs):
        """apply_plan in the gateway."""
        return self.run("gateway", APPLY_PLAN, "--state", self.state_folder, *options, check=check, **kwargs)

    def state(self):
        return network_state(lambda *argv: self.run("gateway", *argv).stdout)

    def proxy(self, method, **kwargs):
        proxy = Proxy(self, method, **kwargs)
        self.proxies.append(proxy)
        return proxy

    def close(self):
        for proxy in getattr(self, "proxies", []):
            proxy.close()
        super().close()

    # Asking ---------------------------------------------------------------------------------------------------------------

    def ask(self, namespace, address, port=80, source=None, timeout=3, mark=None, uid=None):
        """What a TCP connection reaches: "DIRECT", "PROXIED address", or the name of the error."""
        sock = self._own_socket(namespace, address, socket.SOCK_STREAM, source, timeout, mark, uid)
        try:
            sock.connect((address, port))
            parts = []
            while data := sock.recv(100):
                parts.append(data)
            return b"".join(parts).decode() or "EMPTY"
        except OSError as error:
            return type(error).__name__
        finally:
            sock.close()
            self.sockets.remove(sock)

    def ask_udp(self, namespace, address, port=80, source=None, timeout=3):
        sock = self._own_socket(namespace, address, socket.SOCK_DGRAM, source, timeout, None, None)
        try:
            sock.connect((address, port))  # only answers from the right address are taken
            sock.send(b"?")
            return sock.recv(100).decode()
        except OSError as error:
            return type(error).__name__
        finally:
            sock.close()
            self.sockets.remove(sock)

    def _own_socket(self, namespace, address, kind, source, timeout, mark, uid):
        libc = ctypes.CDLL(None)
        if uid is not None:
            libc.setfsuid(uid)  # of this thread; the owner match looks at who made the socket
        try:
            sock = self.socket(namespace, address, kind)
        finally:
            if uid is not None:
                libc.setfsuid(0)
        sock.settimeout(timeout)
        if mark is not None:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_MARK, mark)
        if source is not None:
            sock.bind((source, 0))
        return sock


class Proxy:
    """Listens in the gateway like sluiced and answers "PROXIED address" with the original destination."""

    def __init__(self, bed, method, port=PORT, mark=None):
        self.bed = bed
        self.is_tproxy = method == "tproxy"
        self.accepted = 0
        self.datagrams = []
        self.sockets = []
        for address in ("0.0.0.0", "::"):
            listener = self._socket(address, socket.SOCK_STREAM, mark)
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((address, port))
            listener.listen(1024)
            self._start(self._serve_tcp, listener)
            if self.is_tproxy:
                receiver = self._socket(address, socket.SOCK_DGRAM, mark)
                if ":" in address:
                    receiver.setsockopt(socket.IPPROTO_IPV6, _IPV6_RECVORIGDSTADDR, 1)
                else:
                    receiver.setsockopt(socket.IPPROTO_IP, _IP_RECVORIGDSTADDR, 1)
                receiver.bind((address, port))
                self._start(self._serve_udp, receiver)

    def _socket(self, address, kind, mark=None):
        sock = self.bed.socket("gateway", address, kind)
        self.sockets.append(sock)
        sock.settimeout(None)
        if ":" in address:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        if mark is not None:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_MARK, mark)
        if self.is_tproxy:
            self._make_transparent(sock)
        return sock

    @staticmethod
    def _make_transparent(sock):
        if sock.family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, _IPV6_TRANSPARENT, 1)
        else:
            sock.setsockopt(socket.IPPROTO_IP, _IP_TRANSPARENT, 1)

    @staticmethod
    def _start(target, sock):
        threading.Thread(target=target, args=(sock,), daemon=True).start()

    def _serve_tcp(self, listener):
        with contextlib.suppress(OSError):
            while True:
                connection, _ = listener.accept()
                self.accepted += 1
                with contextlib.suppress(OSError), connection:
                    connection.sendall(f"PROXIED {self._original(connection)}".encode())

    def _original(self, connection):
        if self.is_tproxy:
            return connection.getsockname()[0]
        if connection.family == socket.AF_INET:
            data = connection.getsockopt(socket.IPPROTO_IP, _SO_ORIGINAL_DST, 16)
            return socket.inet_ntop(socket.AF_INET, data[4:8])
        data = connection.getsockopt(socket.IPPROTO_IPV6, _SO_ORIGINAL_DST, 28)
        return socket.inet_ntop(socket.AF_INET6, data[8:24])

    def _serve_udp(self, receiver):
        with contextlib.suppress(OSError):
            while True:
                _, control, _, peer = receiver.recvmsg(2048, 256)
                if not control:
                    return  # shut down
                data = control[0][2]
                port = struct.unpack("!H", data[2:4])[0]
                is_ipv6 = receiver.family == socket.AF_INET6
                original = socket.inet_ntop(receiver.family, data[8:24] if is_ipv6 else data[4:8])
                self.datagrams.append((original, port))
                with contextlib.suppress(OSError), self.bed.inside("gateway"):
                    with socket.socket(receiver.family, socket.SOCK_DGRAM) as answer:
                        self._make_transparent(answer)
                        answer.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                        answer.bind((original, port))
                        answer.sendto(f"PROXIED {original}".encode(), peer)

    def close(self):
        for sock in self.sockets:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)  # wakes accept(); close() alone does not
            sock.close()
