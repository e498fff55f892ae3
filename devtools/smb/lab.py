"""The lab: a network, a server, and machines that mount its share."""

from __future__ import annotations

import contextlib
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from devtools.smb.machine import Machine
from devtools.smb.network import Network
from devtools.smb.server import Server
from devtools.tcp_proxy import TcpProxy

if TYPE_CHECKING:
    from typing_extensions import Self


class Lab:
    """A lab with one machine; use it as a context manager.

    :ivar server: the SMB server; its methods cause faults.
    :ivar machine: the first machine, which has mounted the server's share at /data/content.
    :ivar shared: a folder of the host that each machine sees at /mnt/lab.
    :ivar host: the host's address, as seen from the machines.
    """

    def __init__(self, *, mounts: bool = True, memory: str = "2048M") -> None:
        self._mounts = mounts
        self._memory = memory

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="smb-lab-")))
            folder.chmod(0o755)
            self._folder = folder
            self._machines: list[Machine] = []
            self.shared = folder / "shared"
            self.shared.mkdir()
            self.network = stack.enter_context(Network())
            self.host = self.network.host
            self.server = stack.enter_context(Server(self.network, folder))
            self._rest = stack.enter_context(contextlib.ExitStack())
            self.machine = self.add_machine()
            self._all = stack.pop_all()
        return self

    def __exit__(self, *_error: object) -> None:
        self._all.close()

    @property
    def content(self) -> Path:
        """The share's folder on the host; each machine sees its files."""
        return self.server.content

    def add_machine(self) -> Machine:
        """Add another client, which stops with the lab."""
        machine = self._rest.enter_context(
            Machine(
                self.network,
                self.server,
                self._folder,
                self.shared,
                number=len(self._machines) + 1,
                memory=self._memory,
            )
        )
        self._machines.append(machine)
        if self._mounts:
            machine.mount().check()
        return machine

    def heal(self) -> None:
        """End all faults."""
        self.server.heal()
        for machine in self._machines:
            machine.remove_latency()

    def forward_port(self, port: int) -> int:
        """Make 127.0.0.1:`port` of the host reachable for machines; return its port on `host`."""
        return self._rest.enter_context(TcpProxy(port, listen=self.host)).port
