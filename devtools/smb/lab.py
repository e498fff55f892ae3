"""The lab: a network, a server, and machines that mount its share."""

from __future__ import annotations

import contextlib
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from devtools.relay import Relay
from devtools.smb.machine import Machine
from devtools.smb.network import Network
from devtools.smb.server import Server

if TYPE_CHECKING:
    from typing_extensions import Self


class Lab:
    """As a context manager it is there within the block, with one machine.

    :ivar server: the SMB server; its faults are its methods.
    :ivar machine: the first machine, which has mounted the server's share at /data/content.
    :ivar shared: a folder of this machine that each machine sees at /mnt/lab.
    :ivar host: this machine's address, for what runs inside.
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
        """The share's folder on this machine; what is put there, each machine sees."""
        return self.server.content

    def add_machine(self) -> Machine:
        """A further client; it goes when the lab does."""
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
        """Take away whatever fault there is."""
        self.server.heal()
        for machine in self._machines:
            machine.full_speed()

    def lend(self, port: int) -> int:
        """The port of `host` at which machines find what listens at 127.0.0.1:`port` here."""
        return self._rest.enter_context(Relay(port, listen=self.host)).port
