# SPDX-FileCopyrightText: 2026 The Sluice authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the safe rules do to real packets: who is intercepted, who is not, on each back end."""
import os
import socket
import time
import unittest

from netlab import GATEWAY4, GATEWAY6, in_time
from rulebed import BACKENDS, PORT, PUBLIC_CLIENT4, TARGET4, TARGET6, TrafficBed

TARGETS = (TARGET4, TARGET6)
LISTENERS = {"tproxy": ("--tproxy", str(PORT), "--udp", str(PORT)), "redirect": ("--redirect", str(PORT))}
NOBODY = 65534


class SafeRules(unittest.TestCase):
    def setUp(self):
        self.bed = TrafficBed()
        self.addCleanup(self.bed.close)

    def for_each(self, check, methods=("tproxy", "redirect"), modes=("both",), options=()):
        """Applies the rules in every combination, calls check(proxy, mode) and takes them away again."""
        before = self.bed.state()
        for method in methods:
            proxy = self.bed.proxy(method)
            for backend, words in BACKENDS.items():
                for mode in modes:
                    with self.subTest(method=method, backend=backend, mode=mode):
                        self.bed.plan(*words, *LISTENERS[method], "--mode", mode, *options, "apply")
                        try:
                            check(proxy, mode)
                        finally:
                            self.bed.plan("remove")
                        self.assertEqual(self.bed.state(), before)
            proxy.close()

    def assert_reaches(self, answer, namespace, address, **kwargs):
        wanted = f"PROXIED {address}" if answer == "PROXIED" else answer
        self.assertEqual(self.bed.ask(namespace, address, **kwargs), wanted)

    def test_takes_the_wanted_scope_and_no_other(self):
        def check(proxy, mode):
            for target in TARGETS:
                self.assert_reaches("PROXIED" if mode != "local" else "DIRECT", "client", target)
                self.assert_reaches("PROXIED" if mode != "gateway" else "DIRECT", "gateway", target)
                if proxy.is_tproxy:
                    self.assertEqual(self.bed.ask_udp("client", target),
                                     f"PROXIED {target}" if mode != "local" else "DIRECT")
                    self.assertEqual(self.bed.ask_udp("gateway", target),
                                     f"PROXIED {target}" if mode != "gateway" else "DIRECT")
        self.for_each(check, modes=("gateway", "local", "both"))

    def test_answers_to_clients_with_public_addresses(self):
        """Answers of transparent sockets leave through OUTPUT; marking them again would end all traffic."""
        def check(proxy, mode):
            self.assert_reaches("PROXIED", "client", TARGET4, source=PUBLIC_CLIENT4)
            if proxy.is_tproxy:
                self.assertEqual(self.bed.ask_udp("client", TARGET4, source=PUBLIC_CLIENT4), f"PROXIED {TARGET4}")
        self.for_each(check)

    def test_leaves_services_of_the_gateway_alone(self):
        """An administrator's ssh from the LAN and from the far side, and a hundred flows from there."""
        for address in ("0.0.0.0", "::"):
            self.bed.serve("gateway", address, 22, lambda connection, _: connection.sendall(b"SSH"))

        def check(proxy, mode):
            for namespace, address in (("client", GATEWAY4), ("client", GATEWAY6), ("client", "203.0.113.1"),
                                       ("server", "10.77.10.2"), ("server", "fd77:10::2"),
                                       ("gateway", "127.0.0.1"), ("gateway", "::1"), ("gateway", GATEWAY4)):
                self.assertEqual(self.bed.ask(namespace, address, 22), "SSH")
            self.assertEqual({self.bed.ask("server", "10.77.10.2", 22, source="198.51.100.9") for _ in range(100)},
                             {"SSH"})
            self.assertEqual(proxy.accepted, 0)
        self.for_each(check)

    def test_resets_direct_connections_to_the_listener(self):
        def check(proxy, mode):
            accepted = proxy.accepted
            for namespace, address in (("client", GATEWAY4), ("client", GATEWAY6), ("server", "10.77.10.2"),
                                       ("server", "fd77:10::2"), ("gateway", "127.0.0.1"), ("gateway", "::1"),
                                       ("gateway", "127.0.0.53"), ("gateway", GATEWAY4), ("gateway", GATEWAY6)):
                start = time.monotonic()
                self.assertEqual(self.bed.ask(namespace, address, PORT), "ConnectionRefusedError")
                self.assertLess(time.monotonic() - start, in_time(0.5))
                if proxy.is_tproxy:
                    self.assertEqual(self.bed.ask_udp(namespace, address, PORT), "ConnectionRefusedError")
            self.assertEqual(proxy.accepted, accepted)
            self.assertEqual(proxy.datagrams, [])
            # The same port elsewhere is traffic like any other.
            self.assertEqual(self.bed.ask("client", TARGET4, PORT), f"PROXIED {TARGET4}")
        self.for_each(check)

    def test_lets_its_own_traffic_out(self):
        def check(_proxy, _mode):
            for target in TARGETS:
                self.assert_reaches("DIRECT", "gateway", target, mark=0x3000)
                self.assert_reaches("DIRECT", "gateway", target, mark=100)
                self.assert_reaches("DIRECT", "gateway", target, uid=NOBODY)
                self.assert_reaches("PROXIED", "gateway", target)
        self.for_each(check, options=("--uid", str(NOBODY), "--mark", "100"))

    def test_takes_no_mark_of_other_programs_for_its_own(self):
        """wg-quick, Mullvad, Tailscale, kube-proxy, sing-box, mihomo, v2rayA, dae."""
        def check(proxy, mode):
            for mark in (0xca6c, 0x6d6f6c65, 0x40000, 0x80000, 0x4000, 0x8000, 0x2023, 0x2024, 0x2d0, 0x40, 0x80,
                         0x8000000):
                self.assertEqual(self.bed.ask("gateway", TARGET4, mark=mark), f"PROXIED {TARGET4}", hex(mark))
        self.for_each(check)

    def test_leaves_upstreams_reserved_and_attached_networks_alone(self):
        options = ("--upstream", f"{TARGET4}:80", "--attached", "203.0.113.0/24", "--bypass", "2001:db8:5::/64",
                   "--except-interfaces", "lo")

        def check(proxy, mode):
            for namespace in ("client", "gateway"):
                self.assert_reaches("DIRECT", namespace, TARGET4)
                self.assert_reaches("DIRECT", namespace, TARGET6)
                self.assert_reaches("DIRECT", namespace, "10.77.10.1")
                self.assert_reaches("DIRECT", namespace, "fd77:10::1")
                self.assertEqual(self.bed.ask(namespace, TARGET4, 81), f"PROXIED {TARGET4}")
        self.for_each(check, options=options)

    def test_intercepts_private_networks_on_request(self):
        def check(proxy, mode):
            for namespace in ("client", "gateway"):
                self.assert_reaches("PROXIED", namespace, "10.77.10.1")
                self.assert_reaches("PROXIED", namespace, "fd77:10::1")
                # The gateway's own address is in that network and stays its own.
                self.assertEqual(self.bed.ask(namespace, "10.77.10.2", 80), "ConnectionRefusedError")
        self.for_each(check, options=("--intercept", "10.77.10.0/24,fd77:10::/64", "--attached", "10.77.10.0/24"))

    def test_leaves_multicast_broadcast_and_link_local_alone(self):
        kinds4 = {"mDNS": ("224.0.0.251", 5353), "SSDP": ("239.255.255.250", 1900), "all hosts": ("224.0.0.1", 9),
                  "LLMNR": ("224.0.0.252", 5355), "IGMP range": ("233.1.1.1", 9), "limited broadcast": ("255.255.255.255", 9),
                  "DHCP": ("255.255.255.255", 67), "subnet broadcast": ("203.0.113.255", 137),
                  "NetBIOS": ("10.77.20.255", 137), "link-local": ("169.254.1.1", 9), "metadata": ("169.254.169.254", 80),
                  "shared address space": ("100.64.0.1", 9), "class E": ("240.0.0.1", 9), "this network": ("0.1.2.3", 9)}
        kinds6 = {"mDNS": ("ff02::fb", 5353), "all nodes": ("ff02::1", 9), "DHCP": ("ff02::1:2", 547),
                  "site multicast": ("ff05::1", 9), "link-local": ("fe80::1", 9), "unique local": ("fd99::1", 9)}

        def check(proxy, mode):
            for namespace, device in (("client", "client0"), ("gateway", "gw-s")):
                for kinds in (kinds4, kinds6):
                    for address, port in kinds.values():
                        sock = self.bed.udp(namespace, address)
                        sock.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
                        scope = (0, socket.if_nametoindex("lo")) if ":" in address else ()
                        if scope:
                            with self.bed.inside(namespace):
                                scope = (0, socket.if_nametoindex(device))
                        try:
                            sock.sendto(b"x", (address, port, *scope))
                        except OSError:
                            pass  # no route for it here: not intercepted either
            self.assertEqual(self.bed.ask_udp("client", TARGET4), f"PROXIED {TARGET4}")  # all earlier ones have passed
            self.assertEqual(set(proxy.datagrams), {(TARGET4, 80)})
            proxy.datagrams.clear()
        self.for_each(check, methods=("tproxy",))

    def test_passes_the_reverse_path_filter(self):
        """Also with src_valid_mark, which wg-quick sets: then the way back is asked with the packet's mark."""
        def check(proxy, mode):
            for rp_filter in (0, 1, 2):
                for valid_mark in (0, 1):
                    self.bed.sysctl("gateway", *(f"net.ipv4.conf.{device}.{name}={value}"
                                                 for device in ("all", "default", "gw-c", "gw-s", "lo")
                                                 for name, value in (("rp_filter", rp_filter),
                                                                     ("src_valid_mark", valid_mark))))
                    for namespace in ("client", "gateway"):
                        self.assert_reaches("PROXIED", namespace, TARGET4)
                        if proxy.is_tproxy:
                            self.assertEqual(self.bed.ask_udp(namespace, TARGET4), f"PROXIED {TARGET4}")
        self.for_each(check)

    def test_changes_no_sysctl(self):
        def settings():
            return self.bed.run("gateway", "sysctl", "-a", "-r", r"rp_filter|src_valid_mark|route_localnet|forward|"
                                r"accept_local|fwmark|ip_nonlocal_bind").stdout
        before = settings()

        def check(proxy, mode):
            self.assertEqual(settings(), before)
        self.for_each(check, methods=("tproxy",))

    def test_never_goes_direct_when_nobody_listens(self):
        """REDIRECT and nft's tproxy refuse at once; iptables' TPROXY can only drop."""
        for method in ("redirect", "tproxy"):
            for backend, words in BACKENDS.items():
                with self.subTest(method=method, backend=backend):
                    self.bed.plan(*words, *LISTENERS[method], "--mode", "both", "apply")
                    can_refuse = method == "redirect" or backend == "nftables"
                    for namespace in ("client", "gateway"):
                        for target in TARGETS:
                            start = time.monotonic()
                            answer = self.bed.ask(namespace, target, timeout=0.5)
                            if can_refuse:
                                self.assertEqual(answer, "ConnectionRefusedError")
                                self.assertLess(time.monotonic() - start, in_time(0.2))
                            else:
                                self.assertEqual(answer, "TimeoutError")
                            if method == "tproxy":
                                # No ICMP error of the kernel's comes back to a sender on the same machine over IPv4.
                                can_refuse_udp = can_refuse and (namespace, target) != ("gateway", TARGET4)
                                self.assertEqual(self.bed.ask_udp(namespace, target, timeout=0.3),
                                                 "ConnectionRefusedError" if can_refuse_udp else "TimeoutError")
                    self.bed.plan("remove")
                    for target in TARGETS:
                        self.assert_reaches("DIRECT", "client", target)

    def test_limits_to_interfaces(self):
        def check(proxy, mode):
            self.assert_reaches("DIRECT", "client", TARGET4)
            self.assert_reaches("PROXIED", "gateway", TARGET4)
        self.for_each(check, options=("--only-interfaces", "gw-s"))

        def check(proxy, mode):
            self.assert_reaches("PROXIED", "client", TARGET4)
            self.assert_reaches("PROXIED", "gateway", TARGET6)
        self.for_each(check, options=("--only-interfaces", "gw-c"))


if __name__ == "__main__":
    unittest.main()
