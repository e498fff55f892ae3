"""Free TCP ports on 127.0.0.1."""

from __future__ import annotations

import random
import socket

# Below the ports for outgoing connections on Linux (32768), macOS and Windows (49152), so that a
# restarting server finds its port still free.
LOWEST, HIGHEST = 20000, 32000

# Not seeded, because parallel test processes with the same seed would try the same ports.
_chance = random.SystemRandom()


def free_port() -> int:
    """A port that was free a moment ago."""
    for port in _chance.sample(range(LOWEST, HIGHEST), 1000):
        if is_free(port):
            return port
    raise OSError(f"no free port on 127.0.0.1 between {LOWEST} and {HIGHEST}")


def is_free(port: int) -> bool:
    """Whether a server could listen on it now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
