"""The addresses on which a container's processes listen, from the kernel."""

from __future__ import annotations

import contextlib
import ipaddress
import os
import sys
from pathlib import Path

from devtools.container_processes import ContainerProcesses

#: The state of a socket in /proc/net/tcp (include/net/tcp_states.h of Linux).
LISTENING = "0A"


def addresses(container: ContainerProcesses) -> set[tuple[str, int]]:
    """Each address and port of TCP on which a process of the container listens."""
    held = set()
    for pid in container.processes():
        with contextlib.suppress(OSError):
            for descriptor in Path(f"/proc/{pid}/fd").iterdir():
                with contextlib.suppress(OSError):
                    held.add(os.readlink(descriptor))
    return {place for socket, place in _sockets().items() if socket in held}


def _sockets() -> dict[str, tuple[str, int]]:
    found = {}
    for table in (Path("/proc/net/tcp"), Path("/proc/net/tcp6")):
        for line in table.read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == LISTENING:
                found[f"socket:[{fields[9]}]"] = _place(fields[1])
    return found


def _place(text: str) -> tuple[str, int]:
    """From `0100007F:1F90`: the kernel writes each four bytes as a number in the host's order."""
    address, _, port = text.partition(":")
    words = [int(address[start : start + 8], 16) for start in range(0, len(address), 8)]
    packed = b"".join(word.to_bytes(4, sys.byteorder) for word in words)
    return str(ipaddress.ip_address(packed)), int(port, 16)
