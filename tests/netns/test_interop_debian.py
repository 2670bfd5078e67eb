# SPDX-FileCopyrightText: 2026 The Sluice authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Diverted traffic through the proxy servers that Debian has."""
import base64
import os

import netlab
from interop import CLOSED_PORT, GREETER, InteropTest, ask_http, ask_socks5
from netlab import SERVER4, SERVER6

DANTE = """
logoutput: stderr
internal: 10.77.10.1 port = 1080
internal: fd77:10::1 port = 1080
external: server0
clientmethod: none
socksmethod: none
user.privileged: root
user.unprivileged: nobody
client pass { from: 0/0 to: 0/0 }
socks pass { from: 0/0 to: 0/0 command: connect }
"""

TINYPROXY = """
User nobody
Port 8888
Listen 10.77.10.1
Timeout 60
LogLevel Warning
"""

SQUID = """
pid_filename none
visible_hostname proxy.test
cache deny all
cache_log stdio:/dev/stderr
access_log none
coredump_dir none
pinger_enable off
"""

STUNNEL = """
foreground = yes
pid =
syslog = no
debug = notice
"""


class Socks(InteropTest):
    def test_microsocks(self):
        self.upstream(["microsocks", "-i", "::", "-p", "1090"], 1090)
        keeps = self.upstream_keeps_half_close("microsocks", ask_socks5, 1090)
        with self.gateway(f"socks5://{SERVER4}:1090?so_mark=100") as daemon:
            self.check_tunnel(half_close=keeps)
            self.assertIn("refused", self.refused(daemon, port=CLOSED_PORT))
        with self.gateway(f"socks5://[{SERVER6}]:1090?so_mark=100"):
            self.check_tunnel(SERVER6, half_close=keeps)

    def test_microsocks_with_password(self):
        self.upstream(["microsocks", "-i", "::", "-p", "1091", "-u", "alice", "-P", "open-sesame"], 1091)
        keeps = self.upstream_keeps_half_close("microsocks", ask_socks5, 1091, user="alice", password="open-sesame")
        with self.gateway(f"socks5://alice:open-sesame@{SERVER4}:1091?so_mark=100", options=["-DD"]) as daemon:
            self.check_tunnel(half_close=keeps)
            self.assertNotIn("open-sesame", daemon.output())
        with self.gateway(f"socks5://alice:open-barley@{SERVER4}:1091?so_mark=100", options=["-DD"]) as daemon:
            self.assertIn("does not accept the user name or password",
                          self.refused(daemon, secrets=["open-barley"]))
        with self.gateway(f"socks5://{SERVER4}:1091?so_mark=100") as daemon:
            self.assertIn("wants a user name and password", self.refused(daemon))

    def test_dante(self):
        self.upstream(["danted", "-f", self.file("danted.conf", DANTE)], 1080)
        keeps = self.upstream_keeps_half_close("dante", ask_socks5, 1080)
        with self.gateway(f"socks5://{SERVER4}:1080?so_mark=100") as daemon:
            self.check_tunnel(half_close=keeps)
            self.check_duplex()
            self.assertIn("refused", self.refused(daemon, port=CLOSED_PORT))
        with self.gateway(f"socks5://[{SERVER6}]:1080?so_mark=100"):
            self.check_tunnel(SERVER4, half_close=keeps)
        self.check_socks4(keeps)

    def check_socks4(self, keeps):
        """Dante takes the 0.0.0.1 of SOCKS4a for an address: names are for stunnel to show."""
        with self.gateway(f"socks4://{SERVER4}:1080?so_mark=100&disable4a=true",
                          listen="red://:12345?sniffing=true&sniffing.fallback=true&tproxy=true") as daemon:
            self.check_tunnel(SERVER4, half_close=keeps)
            self.check_duplex()
            self.assertIn("refused or failed", self.refused(daemon, port=CLOSED_PORT))
            self.assertIn("IPv4 addresses only", self.refused(daemon, SERVER6))


class Http(InteropTest):
    def test_tinyproxy(self):
        self.upstream(["tinyproxy", "-d", "-c", self.file("tinyproxy.conf", TINYPROXY)], 8888)
        keeps = self.upstream_keeps_half_close("tinyproxy", ask_http, 8888)
        with self.gateway(f"http://{SERVER4}:8888?so_mark=100") as daemon:
            self.check_tunnel(half_close=keeps)
            self.check_duplex()
            self.assertIn("cannot reach", self.refused(daemon, port=CLOSED_PORT))

    def test_tinyproxy_with_password(self):
        config = TINYPROXY.replace("8888", "8889") + "BasicAuth alice open-sesame\n"
        self.upstream(["tinyproxy", "-d", "-c", self.file("tinyproxy-auth.conf", config)], 8889)
        self.check_password(8889)

    def squid(self, name, port, text):
        text += SQUID
        return self.upstream(["squid", "-N", "-f", self.file(name + ".conf", text)], port)

    def test_squid(self):
        self.squid("squid", 3128, f"http_port {SERVER4}:3128\nhttp_access allow all\n")
        keeps = self.upstream_keeps_half_close("squid", ask_http, 3128)
        with self.gateway(f"http://{SERVER4}:3128?so_mark=100") as daemon:
            self.check_tunnel(half_close=keeps)
            self.check_duplex()
            self.assertIn("cannot reach", self.refused(daemon, port=CLOSED_PORT))

    def test_squid_with_password(self):
        digest = netlab.run("openssl", "passwd", "-apr1", "open-sesame").stdout.strip()
        users = self.file("squid.users", f"alice:{digest}\n")
        self.squid("squid-auth", 3129, f"auth_param basic program /usr/lib/squid/basic_ncsa_auth {users}\n"
                                       f"http_port {SERVER4}:3129\nacl known proxy_auth REQUIRED\n"
                                       "http_access allow known\nhttp_access deny all\n")
        self.check_password(3129)

    def test_squid_that_forbids(self):
        self.squid("squid-deny", 3130, f"http_port {SERVER4}:3130\nhttp_access deny all\n")
        with self.gateway(f"http://{SERVER4}:3130?so_mark=100") as daemon:
            self.assertIn("403 Forbidden", self.refused(daemon))

    def test_squid_over_tls(self):
        certificate = self.certificates.issue("squid", f"DNS:proxy.test,IP:{SERVER4}")
        self.squid("squid-tls", 3443, f"https_port {SERVER4}:3443 tls-cert={certificate}\nhttp_access allow all\n")
        keeps = self.upstream_keeps_half_close("squid over TLS", ask_http, 3443, tls=True)
        ca = self.certificates.authority
        with self.gateway(f"https://{SERVER4}:3443?secure=true&caFile={ca}&so_mark=100"):  # the name is the address
            self.check_tunnel(half_close=keeps)

    def check_password(self, port):
        basic = base64.b64encode(b"alice:open-sesame").decode()
        with self.gateway(f"http://alice:open-sesame@{SERVER4}:{port}?so_mark=100", options=["-DD"]) as daemon:
            self.check_tunnel(SERVER4, half_close=False)
            self.assertNotIn("open-sesame", daemon.output())
            self.assertNotIn(basic, daemon.output())
        wrong = base64.b64encode(b"alice:open-barley").decode()
        with self.gateway(f"http://alice:open-barley@{SERVER4}:{port}?so_mark=100", options=["-DD"]) as daemon:
            self.assertIn("does not accept the user name or password",
                          self.refused(daemon, secrets=["open-barley", wrong]))
        with self.gateway(f"http://{SERVER4}:{port}?so_mark=100") as daemon:
            self.assertIn("wants a user name and password", self.refused(daemon))


class Stunnel(InteropTest):
    """TLS in front of a proxy that knows nothing of it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        issue = cls.certificates.issue
        services = {
            2443: (1080, issue("right", f"DNS:proxy.test,IP:{SERVER4}")),
            2444: (1080, issue("wrong-name", "DNS:other.test,IP:192.0.2.1")),
            2445: (1080, cls.certificates.self_signed("self-signed", f"DNS:proxy.test,IP:{SERVER4}")),
            2446: (1080, issue("expired", f"DNS:proxy.test,IP:{SERVER4}", days=-1)),
            2447: (8888, os.path.join(cls.lab.scratch, "right.pem")),
        }
        own_socks = f"[socks]\naccept = {SERVER4}:2448\nprotocol = socks\ncert = {services[2447][1]}\n"
        before = "[s{0}]\naccept = {1}:{0}\nconnect = {1}:{2}\ncert = {3}\n"
        config = STUNNEL + own_socks + "".join(before.format(port, SERVER4, plain, file)
                                               for port, (plain, file) in services.items())
        cls.upstream(["microsocks", "-i", SERVER4, "-p", "1080"], 1080)
        cls.upstream(["tinyproxy", "-d", "-c", cls.file("tinyproxy.conf", TINYPROXY)], 8888)
        cls.upstream(["stunnel", cls.file("stunnel.conf", config)], *services, 2448)

    def node(self, scheme, port, **parameters):
        query = "&".join(f"{key}={value}" for key, value in {**parameters, "so_mark": 100}.items())
        return f"{scheme}://{SERVER4}:{port}?{query}"

    def test_socks5_over_tls(self):
        keeps = self.upstream_keeps_half_close("stunnel before microsocks", ask_socks5, 2443, tls=True)
        with self.gateway(self.node("socks5+tls", 2443, secure="true", caFile=self.certificates.authority,
                                    serverName="proxy.test")):
            self.check_tunnel(half_close=keeps)

    def test_http_over_tls(self):
        keeps = self.upstream_keeps_half_close("stunnel before tinyproxy", ask_http, 2447, tls=True)
        for scheme in ("https", "http+tls"):
            with self.gateway(self.node(scheme, 2447, secure="true", caFile=self.certificates.authority)):
                self.check_tunnel(SERVER4, half_close=keeps)

    def test_socks_of_stunnel(self):
        keeps = self.upstream_keeps_half_close("stunnel", ask_socks5, 2448, tls=True)
        for scheme, targets in (("socks4a+tls", [SERVER4]), ("socks5+tls", [SERVER4, SERVER6])):
            with self.gateway(self.node(scheme, 2448)):
                self.check_tunnel(*targets, half_close=keeps)
                self.check_duplex()

    def test_secure_refuses_what_it_cannot_trust(self):
        for port, name, complaint in ((2444, "proxy.test", "its certificate is for another name"),
                                      (2444, SERVER4, "its certificate is for another name"),
                                      (2443, "other.test", "its certificate is for another name"),
                                      (2445, "proxy.test", "its certificate is self-signed and not trusted here"),
                                      (2446, "proxy.test", "its certificate has expired")):
            with self.subTest(port=port, name=name), \
                 self.gateway(self.node("socks5+tls", port, secure="true", caFile=self.certificates.authority,
                                        serverName=name)) as daemon:
                self.assertIn(complaint, self.refused(daemon))

    def test_secure_trusts_the_system_only_without_ca_file(self):
        with self.gateway(self.node("socks5+tls", 2443, secure="true", serverName="proxy.test")) as daemon:
            self.assertIn("from an authority that is not trusted here", self.refused(daemon))

    def test_accepts_any_certificate_without_secure(self):
        """GOST's default."""
        for port in (2443, 2444, 2445, 2446):
            with self.subTest(port=port), self.gateway(self.node("socks5+tls", port)):
                self.check_page(SERVER4)

    def test_node_without_tls(self):
        with self.gateway(self.node("socks5+tls", GREETER)) as daemon:
            self.assertIn("it does not speak TLS", self.refused(daemon))


class TwoHops(InteropTest):
    def test_socks5_then_http(self):
        """The second proxy is open to the first only."""
        self.upstream(["microsocks", "-i", SERVER4, "-p", "1080"], 1080)
        self.upstream(["tinyproxy", "-d", "-c", self.file("tinyproxy.conf", TINYPROXY + f"Allow {SERVER4}\n")], 8888)
        with self.gateway(f"socks5://{SERVER4}:1080?so_mark=100", f"http://{SERVER4}:8888") as daemon:
            self.check_tunnel(half_close=False)
            entry = self.lab.closed(daemon, 1, host=f"{SERVER4}:80")[0]
            self.assertIn(f"{SERVER4}:1080", entry["route"])
            self.assertIn(f"{SERVER4}:8888", entry["route"])


if __name__ == "__main__":
    netlab.unittest.main(verbosity=2)
