"""The lab's network: a bridge in a namespace, which the host can reach too."""

from __future__ import annotations

import contextlib
import itertools
import os
import re
import signal
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from devtools.smb.requirements import PATH
from devtools.state import exclusive_lock

if TYPE_CHECKING:
    from typing_extensions import Self

SERVER, HOST, FIRST_MACHINE = 2, 254, 10
BRIDGE, TO_HOST = "br0", "host"

#: For `nice`.
PRIORITY = "-10"

NAME = "kaz{process}n{number}"
NAMED = re.compile(r"\bkaz(\d+)n\d+\b")

_numbers = itertools.count()


class Network:
    """The network; use it as a context manager.

    :ivar namespace: its name, for `ip netns exec`.
    :ivar host: the host's address in it.
    :ivar server: the address of the SMB server.
    """

    def __enter__(self) -> Self:
        self.namespace = NAME.format(process=os.getpid(), number=next(_numbers))
        with exclusive_lock("smb-network"):
            _clear_leftovers()
            self._prefix = _free_prefix()
            self.host, self.server = self.address(HOST), self.address(SERVER)
            self._make()
        return self

    def __exit__(self, *_error: object) -> None:
        _remove(self.namespace)

    def address(self, number: int) -> str:
        return f"{self._prefix}.{number}"

    def command(self, *words: str | Path) -> list[str | Path]:
        """The command line to run a program in the network, before all other programs.

        A server that gets no processor time looks like one that hangs.
        """
        return ["nice", "-n", PRIORITY, "ip", "netns", "exec", self.namespace, *words]

    def add_machine(self, number: int) -> tuple[str, str]:
        """Add a machine; return its tap device and its address."""
        tap = f"m{number}"
        self._ip("tuntap", "add", tap, "mode", "tap")
        self._ip("link", "set", tap, "master", BRIDGE, "up")
        return tap, self.address(FIRST_MACHINE + number)

    def unplug_server(self) -> None:
        """Remove the server's address, so that packets to it are lost."""
        self._ip("addr", "del", f"{self.server}/24", "dev", BRIDGE)

    def plug_server_in(self) -> None:
        self._ip("addr", "add", f"{self.server}/24", "dev", BRIDGE)

    def _make(self) -> None:
        _ip("netns", "add", self.namespace)
        self._ip("link", "set", "lo", "up")
        self._ip("link", "add", BRIDGE, "type", "bridge", "forward_delay", "0")
        self._ip("addr", "add", f"{self.address(1)}/24", "dev", BRIDGE)
        self._ip("link", "set", BRIDGE, "up")
        self.plug_server_in()
        here = self.namespace
        _ip("link", "add", here, "type", "veth", "peer", "name", TO_HOST, "netns", self.namespace)
        self._ip("link", "set", TO_HOST, "master", BRIDGE, "up")
        _ip("addr", "add", f"{self.host}/24", "dev", here)
        _ip("link", "set", here, "up")

    def _ip(self, *words: str) -> None:
        _ip("-n", self.namespace, *words)


def _ip(*words: str) -> str:
    done = subprocess.run(
        ["ip", *words], env={"PATH": PATH}, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise OSError(f"ip {' '.join(words)}: {done.stderr.strip()}")
    return done.stdout


def _free_prefix() -> str:
    taken = _ip("-4", "-o", "addr") + _ip("-4", "route")
    prefixes = (f"10.213.{number}" for number in range(1, 255))
    return next(prefix for prefix in prefixes if f"{prefix}." not in taken)


def _clear_leftovers() -> None:
    """Remove the networks of processes that were killed."""
    for found in NAMED.finditer(_ip("netns", "list")):
        if not Path("/proc", found[1]).exists():
            _remove(found[0])


def _remove(namespace: str) -> None:
    with contextlib.suppress(OSError):
        for process in _ip("netns", "pids", namespace).split():
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(process), signal.SIGKILL)
    for words in (("link", "del", namespace), ("netns", "del", namespace)):
        with contextlib.suppress(OSError):
            _ip(*words)
