# SPDX-FileCopyrightText: 2026 The Sluice authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The proxies that the load tests compare: how to start each of them on PORT in the gateway's namespace."""
import dataclasses
import json
import os
import shutil
import typing

from netlab import BIN, SERVER4

PORT = 12345
UPSTREAM_PORT = 1080


@dataclasses.dataclass(frozen=True)
class Proxy:
    name: str
    program: str
    command: typing.Callable  # (program, scratch folder) -> argv
    mode: str = "tproxy"  # or "redirect"
    is_chained: bool = False  # goes through the upstream in the server's namespace
    most_held: int = 9000
    env: dict = dataclasses.field(default_factory=dict)

    def found(self):
        """The program's path, or None when it is not installed."""
        return shutil.which(self.program) if self.program else None


def write(scratch, name, text):
    path = os.path.join(scratch, name)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    return path


def sluice(query, *chain):
    return lambda program, _scratch: [program, "-L", f"red://:{PORT}?{query}", *(w for node in chain for w in ("-F", node)),
                                      *os.environ.get("SLUICE_BENCH_OPTIONS", "").split()]


def haproxy(threads):
    """With forced splicing and large pipes: as fast as it can be. `splice-auto`, as often set, is five times dearer."""
    def command(program, scratch):
        return [program, "-db", "-f", write(scratch, f"haproxy-{threads}.cfg", f"""
global
  maxconn 9700
  maxpipes 100
  nbthread {threads}
  tune.pipesize 262144
defaults
  mode tcp
  timeout connect 5s
  timeout client 1h
  timeout server 1h
  option splice-request
  option splice-response
  option tcp-smart-connect
  option tcp-smart-accept
listen bench
  bind 0.0.0.0:{PORT} transparent
  option transparent
""")]
    return command


def redsocks(splice):
    """As shipped it copies through 4 KiB; with splicing it holds six descriptors a connection."""
    def command(program, scratch):
        most = 3200 if splice else 9500
        return [program, "-c", write(scratch, f"redsocks-{splice}.cfg", f"""
base {{ log_debug = off; log_info = off; log = "stderr"; daemon = off; redirector = iptables; rlimit_nofile = 20000;
        redsocks_conn_max = {most}; }}
redsocks {{ local_ip = 0.0.0.0; local_port = {PORT}; ip = {SERVER4}; port = {UPSTREAM_PORT}; type = socks5;
            splice = {"true" if splice else "false"}; }}
""")]
    return command


def v2ray(program, scratch):
    mark = {"sockopt": {"mark": 100}}
    config = {
        "log": {"loglevel": "none"},
        "inbounds": [{"port": PORT, "listen": "0.0.0.0", "protocol": "dokodemo-door",
                      "settings": {"network": "tcp", "followRedirect": True},
                      "streamSettings": {"sockopt": {"tproxy": "tproxy", "mark": 100}}}],
        "outbounds": [{"protocol": "freedom", "streamSettings": mark}],
        "policy": {"levels": {"0": {"connIdle": 3600}}},
    }
    return [program, "-config", write(scratch, "v2ray.json", json.dumps(config))]


def gost(program, _scratch):
    return [program, "-L", f"red://:{PORT}?tproxy=true&so_mark=100"]


SLUICED = os.path.join(BIN, "sluiced")
TPROXY = "tproxy=true&so_mark=100"
SOCKS = f"socks5://{SERVER4}:{UPSTREAM_PORT}"
PROXIES = {proxy.name: proxy for proxy in (
    Proxy("sluice", SLUICED, sluice(TPROXY)),
    Proxy("sluice-sniff", SLUICED, sluice(TPROXY + "&sniffing=true")),
    Proxy("sluice-socks", SLUICED, sluice("so_mark=100", SOCKS), mode="redirect", is_chained=True),
    Proxy("haproxy", "haproxy", haproxy(1)),
    Proxy("haproxy-2", "haproxy", haproxy(2)),
    Proxy("redsocks", "redsocks", redsocks(False), mode="redirect", is_chained=True),
    Proxy("redsocks-splice", "redsocks", redsocks(True), mode="redirect", is_chained=True, most_held=3000),
    Proxy("v2ray", "v2ray", v2ray),
    Proxy("gost", os.environ.get("SLUICE_TEST_GOST", ""), gost, env={"GOST_LOGGER_LEVEL": "error"}),
)}
DEFAULT = ("sluice", "sluice-sniff", "sluice-socks", "haproxy", "redsocks", "v2ray", "gost")
