#!/usr/bin/python3
# SPDX-FileCopyrightText: 2026 The Sluice authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks who includes whom: helper -> daemon -> ui -> app, each folder only what stands before it.

usage: check_layers.py TREE

LAYERS lists every folder of ours, in the order of the chain. A folder may include itself and what its line names
(folders, or single headers); `BEFORE` stands for every folder above it. A new folder needs a line here: that is the moment to decide where it
stands.
"""
import pathlib
import re
import sys

BEFORE = object()
STREAMS = ["helper/base", "daemon/config", "daemon/net", "daemon/stream"]

LAYERS = {
    # The trusted part: small, and each step knows only the steps before it.
    "helper/base": [],
    "helper/plan": ["helper/base"],
    "helper/rules": ["helper/base", "helper/plan"],
    "helper/apply": ["helper/base", "helper/plan", "helper/rules"],
    # Pure parts of the daemon: values, parsers, decisions.
    "daemon/config": ["helper/base"],
    "daemon/sniff": ["helper/base"],
    "daemon/policy": ["helper/base", "daemon/config"],
    "daemon/interception": ["helper/base", "helper/plan", "helper/rules", "helper/apply", "daemon/config"],
    "daemon/log": ["helper/base"],
    # Sockets and what is built on them; none of these changes the machine's rules.
    "daemon/net": ["helper/base"],
    "daemon/stream": ["helper/base", "daemon/config", "daemon/net"],
    "daemon/pump": ["helper/base", "daemon/net", "daemon/stream"],
    "daemon/dns": [*STREAMS, "daemon/policy"],
    "daemon/dialer": STREAMS,
    "daemon/connector": STREAMS,
    "daemon/handler": [*STREAMS, "daemon/connector"],
    "daemon/chain": [*STREAMS, "daemon/policy", "daemon/dns", "daemon/dialer", "daemon/connector"],
    "daemon/registry": [*STREAMS, "daemon/sniff", "daemon/connector"],
    # A session gets its service's settings as one value; of all else in that folder it knows nothing.
    "daemon/session": [*STREAMS, "daemon/log", "daemon/sniff", "daemon/policy", "daemon/dns", "daemon/dialer",
                       "daemon/connector", "daemon/handler", "daemon/chain", "daemon/pump", "daemon/registry",
                       "daemon/service/service_runtime.h"],
    "daemon/service": BEFORE,
    "daemon": BEFORE,
    # What a person sees.
    "app/lab": ["helper/base"],
    "app/cli": BEFORE,
}

# Folders whose results must depend on nothing but their arguments: no socket, process, clock or event loop.
PURE = ["helper/plan", "helper/rules", "daemon/sniff"]
IMPURE_HEADERS = re.compile(r"^(Q(Object|Timer|Process|File|Thread|CoreApplication)|sys/(socket|epoll|wait)\.h|unistd\.h"
                            r"|fcntl\.h|fstream|thread|netdb\.h)$")

INCLUDE = re.compile(r'^\s*#\s*include\s+(["<])([^">]+)[">]', re.MULTILINE)
TOPS = ("helper", "daemon", "ui", "app")


def folder_of(path):
    """The longest folder of LAYERS that holds `path`, else the path's own folder."""
    parent = pathlib.PurePosixPath(path).parent
    for candidate in (parent, *parent.parents):
        if str(candidate) in LAYERS and (str(candidate) not in TOPS or parent == candidate):
            return str(candidate)
    return str(parent)


def allowed(folder):
    names = LAYERS[folder]
    if names is BEFORE:
        order = list(LAYERS)
        names = order[:order.index(folder)]
    return {folder, *names}


def violations(tree):
    tree = pathlib.Path(tree)
    for path in sorted(p for top in TOPS for p in (tree / top).rglob("*") if p.suffix in (".h", ".cpp")):
        name = path.relative_to(tree).as_posix()
        folder = folder_of(name)
        if folder not in LAYERS:
            yield f"{name}: the folder '{folder}' has no line in LAYERS (tests/layers/check_layers.py)"
            continue
        for match in INCLUDE.finditer(path.read_text(encoding="utf-8")):
            quote, header = match.groups()
            if quote == "<":
                if folder in PURE and IMPURE_HEADERS.match(header):
                    yield f"{name}: '{folder}' is pure and must not include <{header}>"
            elif header.split("/")[0] not in TOPS:
                if not header.endswith(".moc"):
                    yield f"{name}: write \"{header}\" as a path from the root of the tree"
            elif not {header, folder_of(header)} & allowed(folder):
                yield f"{name}: '{folder}' must not include \"{header}\""


if __name__ == "__main__":
    found = list(violations(sys.argv[1]))
    print("\n".join(found) if found else "every include points down the chain")
    sys.exit(1 if found else 0)
