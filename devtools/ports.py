"""Free TCP ports on 127.0.0.1."""

from __future__ import annotations

import os
import random
import socket

# Below the ports for outgoing connections on Linux (32768), macOS and Windows (49152), so that a
# restarting server finds its port still free.
LOWEST, HIGHEST = 20000, 32000

# Not seeded, because parallel test processes with the same seed would try the same ports.
_chance = random.SystemRandom()

# A port is often bound seconds after it was given, so no port is given twice.
_given: set[int] = set()


def free_port() -> int:
    """A port that was free a moment ago."""
    for port in _chance.sample(_own_ports(), 500):
        if port not in _given and is_free(port):
            _given.add(port)
            return port
    raise OSError(f"no free port on 127.0.0.1 between {LOWEST} and {HIGHEST}")


def _own_ports() -> range:
    """All ports, or one of the parts for parallel processes of pytest-xdist (gw0, gw1, …)."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    return range(LOWEST + worker, HIGHEST, workers)


def is_free(port: int) -> bool:
    """Whether a server could listen on it now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
