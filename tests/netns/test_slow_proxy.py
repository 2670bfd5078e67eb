# SPDX-FileCopyrightText: 2026 The Sluice authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A client that is silent at first, and a proxy that takes its time: the original destination is still being dialled,
in case the server speaks first, when the client says something after all."""
import threading
import unittest

import netlab
import tutorial
from netlab import SERVER4, Lab, receive_exactly, wait_until


class SlowProxy(unittest.TestCase):
    def setUp(self):
        self.lab = Lab()
        self.addCleanup(self.lab.close)
        self.lab.rules("gateway", tutorial.TPROXY_RULES)
        self.requests = []
        self.may_answer = threading.Event()
        self.lab.serve("server", SERVER4, 1080, self.serve)
        self.daemon = self.lab.sluiced("gateway", "-L", "red://:12345?sniffing=true&sniffing.timeout=5s&tproxy=true",
                                       "-F", f"http://{SERVER4}:1080?so_mark=100", listeners=1)

    def serve(self, connection, peer):
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += receive_exactly(connection, 1)
        self.requests.append(head.split()[1].decode())
        self.may_answer.wait(10)
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        netlab.echo(connection, peer)

    def exchange(self, payload, requests):
        """The payload comes when the proxy has been asked for the original destination, but has not answered."""
        with self.lab.connect("client", SERVER4, 80) as client:
            wait_until(lambda: self.requests, "the original destination is dialled")
            client.sendall(payload)
            wait_until(lambda: len(self.requests) == len(requests), f"{requests} are asked for")
            self.may_answer.set()
            self.assertEqual(receive_exactly(client, len(payload)), payload)
        self.assertEqual(self.requests, requests)

    def test_name_comes_while_the_original_destination_is_dialled(self):
        self.exchange(b"GET / HTTP/1.1\r\nHost: named.test\r\n\r\n", [f"{SERVER4}:80", "named.test:80"])

    def test_unknown_bytes_come_while_the_original_destination_is_dialled(self):
        self.exchange(b"\x00\x01 no known protocol", [f"{SERVER4}:80"])


if __name__ == "__main__":
    unittest.main(verbosity=2)
