#!/usr/bin/python3
# SPDX-FileCopyrightText: 2026 The Sluice authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Load tests: what a proxy costs, beside the path without one and beside other proxies. As root; see README.md."""
import argparse
import contextlib
import dataclasses
import json
import os
import random
import re
import resource
import signal
import statistics
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir, "netns"))
import netlab  # noqa: E402
from netlab import BIN, MANY4, SERVER4, Lab, wait_until  # noqa: E402
from proxies import DEFAULT, PORT, PROXIES, UPSTREAM_PORT  # noqa: E402

LOAD = os.path.join(BIN, "bench-load")
# name: (words of bench-load, the server's address, unit of the value, unit of the proxy's CPU)
TESTS = {
    "up1": (("up", "1"), SERVER4, "Gbit/s", "s/GB"),
    "down1": (("down", "1"), SERVER4, "Gbit/s", "s/GB"),
    "up8": (("up", "8"), SERVER4, "Gbit/s", "s/GB"),
    "down8": (("down", "8"), SERVER4, "Gbit/s", "s/GB"),
    "rr1": (("rr", "1"), SERVER4, "requests/s", "us/request"),
    "rr32": (("rr", "32"), SERVER4, "requests/s", "us/request"),
    "loaded": (("rr", "1"), SERVER4, "Gbit/s", "s/GB"),
    "crr32": (("crr", "32"), MANY4, "connections/s", "us/connection"),
}
TPROXY_RULES = f"""
iptables -t mangle -N DIVERT
iptables -t mangle -A DIVERT -j MARK --set-mark 1
iptables -t mangle -A DIVERT -j ACCEPT
iptables -t mangle -A PREROUTING -p tcp -m socket -j DIVERT
iptables -t mangle -A PREROUTING -i gw-c -p tcp -j TPROXY --tproxy-mark 0x1/0x1 --on-port {PORT}
"""
REDIRECT_RULES = f"iptables -t nat -A PREROUTING -i gw-c -p tcp -j REDIRECT --to-ports {PORT}"


@dataclasses.dataclass
class Sample:
    """One run of a test through a proxy, and the run without a proxy just before it."""
    value: float
    cpu: float
    direct: float
    failed: int
    p50: float = 0
    p99: float = 0
    direct_p50: float = 0
    direct_p99: float = 0

    @property
    def ratio(self):
        return self.value / self.direct if self.direct else 0


class Bench:
    def __init__(self, lab):
        self.lab = lab
        lab.rules("gateway", "ip rule add fwmark 1 lookup 100\nip route add local default dev lo table 100")
        for namespace in ("client", "gateway", "server"):
            lab.sysctl(namespace, "net.ipv4.tcp_rmem=4096 131072 6291456", "net.ipv4.tcp_wmem=4096 16384 4194304",
                       "net.core.somaxconn=4096", "net.ipv4.tcp_max_syn_backlog=4096")
        for words in (("serve",), ("socks", str(UPSTREAM_PORT))):
            server = lab.spawn("server", LOAD, *words)
            wait_until(lambda server=server: "serving" in server.output(), "the servers listen")

    # Paths ----------------------------------------------------------------------------------------------------------------

    def divert(self, mode):
        """mode: "" (no proxy), "tproxy" or "redirect"."""
        for table in ("mangle", "nat"):
            self.lab.rules("gateway", f"iptables -t {table} -F\niptables -t {table} -X")
        self.lab.rules("gateway", {"": "", "tproxy": TPROXY_RULES, "redirect": REDIRECT_RULES}[mode])

    def start(self, proxy):
        """Returns the process and the seconds it took to listen."""
        command = proxy.command(proxy.found(), self.lab.scratch)
        begin = time.monotonic()
        # Not by `ip netns exec`: it mounts /sys anew, which takes some hundred milliseconds on a busy machine.
        process = self.lab.spawn(None, "nsenter", f"--net=/run/netns/{self.lab.name('gateway')}", *command, env=proxy.env)
        while not self.is_listening(process):
            if process.popen.poll() is not None or time.monotonic() - begin > 10:
                raise AssertionError(f"{proxy.name} does not start:\n{process.output()}")
            time.sleep(0.001)
        return process, time.monotonic() - begin

    def is_listening(self, process):
        if os.readlink(f"/proc/{process.pid}/ns/net") == os.readlink("/proc/self/ns/net"):
            return False  # not in the namespace yet
        with contextlib.suppress(OSError):
            for name in ("tcp", "tcp6"):
                with open(f"/proc/{process.pid}/net/{name}", encoding="ascii") as table:
                    if any(line.split()[1].endswith(f":{PORT:04X}") and line.split()[3] == "0A" for line in table.readlines()[1:]):
                        return True
        return False

    # Runs -----------------------------------------------------------------------------------------------------------------

    def load(self, address, *words):
        return subprocess.Popen(["ip", "netns", "exec", self.lab.name("client"), LOAD, *map(str, words)],
                                stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                env={**os.environ, "BENCH_SERVER": address})

    def result(self, load, timeout=30):
        """What bench-load says. A run that hangs or breaks is a failure and has the value 0."""
        try:
            return json.loads(load.communicate(timeout=timeout)[0].splitlines()[-1])
        except (subprocess.TimeoutExpired, IndexError, ValueError):
            load.kill()
            load.wait()
            return {"failed": 1}

    @contextlib.contextmanager
    def holding(self, address, word, count):
        """Connections are held meanwhile; gives bench-load's answer."""
        load = self.load(address, word, count)
        try:
            yield json.loads(load.stdout.readline() or '{"held": 0, "failed": 1}')
        finally:
            load.stdin.close()
            with contextlib.suppress(subprocess.TimeoutExpired):
                load.wait(5)
            load.kill()
            load.wait()

    def run_test(self, name, seconds, process=None):
        words, address, unit, _ = TESTS[name]
        before = tree_cpu(process)
        bulk = self.load(SERVER4, "up", 8, seconds + 1) if name == "loaded" else None
        if bulk:
            time.sleep(0.5)
        result = self.result(self.load(address, *words, seconds))
        flow = self.result(bulk) if bulk else result
        cpu = tree_cpu(process) - before
        is_bulk = unit == "Gbit/s"
        amount = flow.get("bytes", 0) / 1e9 if is_bulk else result.get("requests", 0) / 1e6
        return {**result, "value": flow.get("gbps", 0) if is_bulk else result.get("perSecond", 0),
                "cpu": cpu / amount if amount else 0, "failed": result["failed"] + (flow["failed"] if bulk else 0)}

    def sample(self, proxy, process, name, seconds):
        self.divert("")
        direct = self.run_test(name, max(1, seconds * .6))
        self.divert(proxy.mode)
        through = self.run_test(name, seconds, process)
        return Sample(through["value"], through["cpu"], direct["value"], through["failed"], through.get("p50", 0),
                      through.get("p99", 0), direct.get("p50", 0), direct.get("p99", 0))

    def idle(self, proxy, process, started):
        """Memory and wake-ups, at rest and with many held connections, and how it serves others meanwhile."""
        self.divert(proxy.mode)
        time.sleep(0.5)
        rest = watch(process)
        rss = tree_rss(process)
        descriptors = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        with self.holding(MANY4, "idle", min(proxy.most_held, (descriptors - 300) // 2)) as held:
            time.sleep(1)
            grown = tree_rss(process) - rss
            busy = watch(process)
            ping = self.run_test("rr1", 1.5, process)
            connects = self.run_test("crr32", 1.5, process)
        count = max(1, held["held"])
        print(f"{proxy.name:16s} start {started * 1000:5.0f} ms | RSS {rss / 1024:6.1f} MiB, {count} held: +{grown * 1024 / count:.0f} B each"
              f" | wake-ups {rest[0]:.1f}/s, held {busy[0]:.1f}/s | CPU {rest[1]:.1f} ms/s, held {busy[1]:.1f} ms/s"
              f" | meanwhile rr1 p50 {ping.get('p50', 0):.0f} us, crr32 {connects['value']:.0f}/s {connects['cpu']:.0f} us"
              f" | failed {held['failed'] + ping['failed'] + connects['failed']}", flush=True)

    def verify(self, proxy, process):
        """Bytes, half-close and back-pressure."""
        self.divert(proxy.mode)
        result = self.result(self.load(SERVER4, "verify", 4, 4), 60)
        rss = tree_rss(process)
        with self.holding(SERVER4, "slow", 40) as held:
            time.sleep(2)
            grown = tree_rss(process) - rss
        verdict = "OK" if result.get("wrong") == 0 else "BROKEN"
        print(f"{proxy.name:16s} bytes and half-close {verdict} ({result.get('wrong', '?')} of {result.get('connections', '?')} wrong)"
              f" | {held['held']} readers that do not read: RSS +{grown} KiB", flush=True)


# The proxy's processes ----------------------------------------------------------------------------------------------------

def tree(pid):
    found = [pid]
    with contextlib.suppress(OSError):
        for thread in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{thread}/children", encoding="ascii") as children:
                for child in children.read().split():
                    found += tree(int(child))
    return found


def read_each(process, name, pattern):
    """The sum of all numbers that `pattern` finds in /proc/PID/`name` of the whole process tree."""
    total = 0
    for pid in tree(process.pid):
        with contextlib.suppress(OSError), open(f"/proc/{pid}/{name}", encoding="utf-8") as file:
            total += sum(int(number) for number in re.findall(pattern, file.read()))
    return total


def tree_cpu(process):
    """Seconds, user and system."""
    if process is None:
        return 0.0
    total = 0
    for pid in tree(process.pid):
        with contextlib.suppress(OSError), open(f"/proc/{pid}/stat", encoding="utf-8") as file:
            fields = file.read().rsplit(")", 1)[1].split()
            total += int(fields[11]) + int(fields[12])
    return total / os.sysconf("SC_CLK_TCK")


def tree_rss(process):
    """KiB."""
    return read_each(process, "status", r"VmRSS:\s+(\d+)")


def switches(process):
    return sum(read_each(process, f"task/{thread}/status", r"ctxt_switches:\s+(\d+)")
               for thread in os.listdir(f"/proc/{process.pid}/task"))


def watch(process, seconds=3):
    """Wake-ups per second and milliseconds of CPU per second."""
    cpu, count = tree_cpu(process), switches(process)
    time.sleep(seconds)
    return (switches(process) - count) / seconds, (tree_cpu(process) - cpu) * 1000 / seconds


# The table ----------------------------------------------------------------------------------------------------------------

def median(samples, field):
    return statistics.median(getattr(sample, field) for sample in samples)


def show(samples):
    """Medians over the rounds; [lowest..highest] of the value."""
    for test, (_, _, unit, cpu_unit) in TESTS.items():
        names = [name for name in PROXIES if (name, test) in samples]
        if not names:
            continue
        print(f"\n{test}: {unit} | ratio to no proxy | proxy CPU {cpu_unit} | p50/p99 us (no proxy) | failures")
        for name in names:
            runs = samples[name, test]
            values = [run.value for run in runs]
            times = f"{median(runs, 'p50'):.0f}/{median(runs, 'p99'):.0f} ({median(runs, 'direct_p50'):.0f}/{median(runs, 'direct_p99'):.0f})" if runs[0].p50 else "-"
            print(f"  {name:16s} {median(runs, 'value'):9.2f} [{min(values):.1f}..{max(values):.1f}] | {median(runs, 'ratio'):.3f}"
                  f" | {median(runs, 'cpu'):.3f} | {times} | {sum(run.failed for run in runs)}")


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("proxies", nargs="*", metavar="PROXY", help=f"of {', '.join(PROXIES)} (default: {' '.join(DEFAULT)})")
    parser.add_argument("-n", type=int, default=3, metavar="ROUNDS", help="rounds (default 3)")
    parser.add_argument("-t", type=float, default=2, metavar="SECONDS", help="seconds per run (default 2)")
    parser.add_argument("--tests", default=",".join(TESTS), help=f"some of {','.join(TESTS)}; neither idle nor verify then")
    only = parser.add_mutually_exclusive_group()
    only.add_argument("--only-idle", action="store_true", help="only start-up, memory and wake-ups")
    only.add_argument("--verify-only", action="store_true", help="only bytes, half-close and back-pressure")
    options = parser.parse_args()
    options.proxies = options.proxies or list(DEFAULT)
    options.tests = options.tests.split(",")
    for name in options.proxies:
        if name not in PROXIES:
            parser.error(f"there is no proxy '{name}'")
    for name in options.tests:
        if name not in TESTS:
            parser.error(f"there is no test '{name}'")
    return options


def installed(names):
    found = []
    for name in names:
        if PROXIES[name].found():
            found.append(PROXIES[name])
        else:
            print(f"{name}: not installed, left out" + ("; SLUICE_TEST_GOST names a gost program" if name == "gost" else ""))
    return found


def run_proxy(bench, proxy, options, is_first, samples):
    process, started = bench.start(proxy)
    try:
        if not options.only_idle and not options.verify_only:
            for test in options.tests:
                samples.setdefault((proxy.name, test), []).append(bench.sample(proxy, process, test, options.t))
        is_whole = len(options.tests) == len(TESTS)
        if is_first and is_whole and not options.only_idle:
            bench.verify(proxy, process)
    finally:
        with contextlib.suppress(AssertionError):  # slow to end: killed
            process.stop(timeout=3)
        bench.divert("")
    if is_first and is_whole and not options.verify_only:
        process, started = bench.start(proxy)  # afresh: memory that the load left would hide what connections cost
        try:
            bench.idle(proxy, process, started)
        finally:
            with contextlib.suppress(AssertionError):
                process.stop(timeout=3)


def main():
    options = arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    proxies = installed(options.proxies)
    lab = Lab()
    samples = {}
    try:
        bench = Bench(lab)
        for number in range(options.n):
            random.shuffle(proxies)
            for proxy in proxies:
                print(f"round {number + 1} of {options.n}: {proxy.name}", file=sys.stderr, flush=True)
                run_proxy(bench, proxy, options, number == 0, samples)
    finally:
        lab.close()
    show(samples)


if __name__ == "__main__":
    try:
        main()
    except netlab.unittest.SkipTest as reason:
        sys.exit(str(reason).removeprefix("SKIP: "))
