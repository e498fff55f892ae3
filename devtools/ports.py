"""Free TCP ports on 127.0.0.1."""

from __future__ import annotations

import random
import socket

# Below the ports that Linux (32768), macOS and Windows (49152) hand out to outgoing connections:
# a server that restarts finds its port still free.
LOWEST, HIGHEST = 20000, 32000

# Chance that no test can seed: two processes of tests would both look at the same ports at once.
_chance = random.SystemRandom()


def free_port() -> int:
    """A port that nothing listened on a moment ago."""
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
