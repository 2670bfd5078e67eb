# SPDX-FileCopyrightText: 2026 The Sluice authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults that a review found, one test each: ways round a list, round a mark, and into a crash."""
import os
import signal
import socket
import subprocess
import unittest

import netlab
import tutorial
from netlab import BIN, MANY4, SERVER4, Lab, echo, in_time, receive_exactly, wait_until


class Guards(unittest.TestCase):
    def setUp(self):
        self.lab = Lab()
        self.addCleanup(self.lab.close)

    def config(self, text):
        path = os.path.join(self.lab.scratch, "config.yaml")
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def connect_answer(self, target):
        """The status line of an HTTP proxy's answer to CONNECT."""
        with self.lab.connect("client", "10.77.20.1", 8080) as sock:
            sock.sendall(f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n".encode())
            return sock.recv(4096).split(b"\r\n")[0].decode()

    def test_another_spelling_dodges_no_list(self):
        self.lab.serve("gateway", "127.0.0.1", 81, echo)
        self.lab.sluiced("gateway", "-C", self.config("""
services:
- {name: web, addr: ":8080", bypass: inner, handler: {type: http}, listener: {type: tcp}}
bypasses:
- {name: inner, matchers: [localhost, 127.0.0.0/8]}
"""), listeners=2)
        for host in ("localhost", "LOCALHOST", "localhost.", "LocalHost.", "127.0.0.1", "127.1.2.3"):
            with self.subTest(host=host):
                self.assertIn(" 403 ", self.connect_answer(f"{host}:81"))
        for host in ("0.0.0.0", "[::]", "a..b"):
            with self.subTest(host=host):
                self.assertNotIn(" 200 ", self.connect_answer(f"{host}:81"))

    def start_failure(self, *arguments):
        result = subprocess.run([os.path.join(BIN, "sluiced"), *arguments], capture_output=True, text=True, timeout=20,
                                stdin=subprocess.DEVNULL)
        return result.returncode, result.stderr

    def test_an_auther_without_users_is_no_open_door(self):
        code, text = self.start_failure("-C", self.config("""
services:
- {name: web, addr: "127.0.0.1:0", handler: {type: socks5, auther: users}, listener: {type: tcp}}
authers:
- {name: users, auths: []}
"""))
        self.assertNotEqual(code, 0)
        self.assertIn("auther users has no user", text)

    def test_udp_services_are_refused_with_a_sentence(self):
        code, text = self.start_failure("-L", "redu://127.0.0.1:0")
        self.assertEqual(code, 1, text)
        self.assertIn("does not take UDP (redu) yet", text)

    def test_a_reload_while_draining_is_harmless(self):
        self.lab.rules("gateway", tutorial.TPROXY_RULES)
        self.lab.serve("server", "0.0.0.0", 80, echo)
        daemon = self.lab.sluiced("gateway", "-L", "red://:12345?tproxy=true&so_mark=100", "--drain", "1m")
        with self.lab.connect("client", MANY4, 80) as sock:
            sock.sendall(b"x")
            receive_exactly(sock, 1)
            daemon.popen.send_signal(signal.SIGTERM)
            with self.assertRaises(OSError):  # the listener closes, and stays closed
                while True:
                    self.lab.connect("gateway", "127.0.0.1", 12345, timeout=1).close()
            daemon.popen.send_signal(signal.SIGHUP)
            sock.sendall(b"y")
            self.assertEqual(receive_exactly(sock, 1), b"y")
        self.assertEqual(daemon.popen.wait(20), 0)

    def test_a_log_that_nobody_reads_does_not_keep_it_alive(self):
        read_end, write_end = os.pipe()
        self.addCleanup(os.close, read_end)
        os.set_blocking(write_end, False)
        with self.assertRaises(BlockingIOError):
            while True:
                os.write(write_end, b"x" * 4096)
        os.set_blocking(write_end, True)
        daemon = subprocess.Popen([os.path.join(BIN, "sluiced"), "-L", "http://127.0.0.1:0"], stderr=write_end,
                                  stdin=subprocess.DEVNULL)
        os.close(write_end)
        self.addCleanup(daemon.kill)
        # Once it catches SIGTERM it is up; its log says so to nobody.
        wait_until(lambda: self.catches_signals(daemon.pid), "the daemon is up")
        daemon.send_signal(signal.SIGTERM)
        self.assertEqual(daemon.wait(in_time(2)), 0)

    @staticmethod
    def catches_signals(pid):
        with open(f"/proc/{pid}/status", encoding="ascii") as status:
            blocked = next(int(line.split()[1], 16) for line in status if line.startswith("SigBlk"))
        return blocked & (1 << (signal.SIGTERM - 1)) and os.path.exists(f"/proc/{pid}/fd")

    def test_what_a_bypass_sends_directly_carries_the_nodes_mark(self):
        self.lab.rules("gateway", tutorial.REDIRECT_RULES)
        self.lab.rules("gateway", "iptables -t mangle -A OUTPUT -p tcp -d 10.78.0.1 --dport 80 -m mark --mark 100 -j ACCEPT")
        self.lab.serve("server", "0.0.0.0", 80, echo)
        self.lab.sluiced("gateway", "-L", "red://:12345", "-F", f"http://{SERVER4}:1080?so_mark=100&bypass=10.78.0.0/16")
        with self.lab.connect("gateway", MANY4, 80) as sock:
            sock.sendall(b"direct")
            self.assertEqual(receive_exactly(sock, 6), b"direct")
        counters = self.lab.run("gateway", "iptables", "-t", "mangle", "-vxnL", "OUTPUT").stdout
        packets = int(next(line for line in counters.splitlines() if "mark match 0x64" in line).split()[0])
        self.assertGreater(packets, 0)

    def test_a_silent_second_hop_is_left_for_the_next(self):
        def proxy(connection, peer):
            head = b""
            while b"\r\n\r\n" not in head:
                head += connection.recv(4096)
            target = head.split()[1].decode()
            host, port = target.rsplit(":", 1)
            with self.lab.inside("server"):
                onward = socket.create_connection((host, int(port)), timeout=10)
            connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            with onward:
                data = connection.recv(4096)  # the next CONNECT, or what is to be echoed
                onward.sendall(data)
                connection.sendall(onward.recv(4096))
                data = connection.recv(4096)
                if data:
                    onward.sendall(data)
                    connection.sendall(onward.recv(4096))

        self.lab.rules("gateway", tutorial.TPROXY_RULES)
        self.lab.serve("server", "0.0.0.0", 80, echo)
        self.lab.serve("server", "0.0.0.0", 1080, proxy)
        self.lab.serve("server", "0.0.0.0", 1081, lambda connection, _: connection.recv(4096) and connection.recv(1))
        self.lab.sluiced("gateway", "-C", self.config(f"""
services:
- name: red
  addr: ":12345"
  metadata: {{dialTimeout: 500ms}}
  sockopts: {{mark: 100}}
  handler: {{type: red, chain: two, retries: 2, metadata: {{tproxy: true}}}}
  listener: {{type: red, metadata: {{tproxy: true}}}}
chains:
- name: two
  hops:
  - {{name: a, nodes: [{{name: a0, addr: "{SERVER4}:1080", connector: {{type: http}}, dialer: {{type: tcp}}}}]}}
  - name: b
    selector: {{strategy: fifo, maxFails: 1, failTimeout: 1m}}
    nodes:
    - {{name: silent, addr: "{SERVER4}:1081", connector: {{type: http}}, dialer: {{type: tcp}}}}
    - {{name: fine, addr: "{SERVER4}:1080", connector: {{type: http}}, dialer: {{type: tcp}}}}
"""), listeners=2)
        with self.lab.connect("client", MANY4, 80) as sock:
            sock.sendall(b"hello")
            self.assertEqual(receive_exactly(sock, 5), b"hello")


if __name__ == "__main__":
    netlab.unittest.main(verbosity=2)
