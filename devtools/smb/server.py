"""A samba server that shares a folder like Azure Files: SMB 3, encrypted, with one account."""

from __future__ import annotations

import os
import secrets
import signal
import socket
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from devtools.process import BackgroundProcess
from devtools.smb.network import Network
from devtools.smb.requirements import PATH

if TYPE_CHECKING:
    from typing_extensions import Self

ACCOUNT = "account"
SHARE, READ_ONLY, FULL = "content", "read-only", "full"
PORT = 445
FULL_MIB = 16

CONFIGURATION = """\
[global]
server role = standalone
map to guest = never
interfaces = lo {address}/24
smb ports = {port}
disable netbios = yes
server min protocol = SMB3_00
server smb encrypt = required
server smb3 encryption algorithms = AES-128-GCM, AES-256-GCM
private dir = {state}
lock directory = {state}
state directory = {state}
cache directory = {state}
pid directory = {state}
ncalrpc dir = {state}/ncalrpc
passdb backend = tdbsam:{state}/passdb.tdb
username map = {state}/users
load printers = no
disable spoolss = yes
printcap name = /dev/null

[{share}]
path = {content}
read only = no
force user = root

[{read_only}]
path = {content}
read only = yes
force user = root

[{full}]
path = {small}
read only = no
force user = root
"""


class Server:
    """The server; use it as a context manager.

    :ivar content: the shared folder, on the host.
    :ivar key: the password of the account.
    """

    def __init__(self, network: Network, folder: Path) -> None:
        self._network = network
        self._folder = folder
        self.key = secrets.token_urlsafe(32)
        self.content = folder / "share"
        self._small = folder / "small"
        self._state = folder / "samba"
        self._unplugged = False

    def __enter__(self) -> Self:
        for each in (self.content, self._small, self._state / "ncalrpc"):
            each.mkdir(parents=True, exist_ok=True)
        self._write_configuration()
        self._add_account()
        self.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self.kill()

    @property
    def address(self) -> str:
        return self._network.server

    def start(self) -> None:
        """Serve `content` and a share that is nearly full."""
        fill = (
            f"mount -t tmpfs -o size={FULL_MIB}m small {self._small} && "
            f"head -c {FULL_MIB - 1}M /dev/zero > {self._small}/filled && "
            f"exec smbd --foreground --no-process-group --debug-stdout -s {self._configuration}"
        )
        self._process = BackgroundProcess(
            self._network.command("sh", "-c", fill),  # its mounts are private
            environment={"PATH": PATH},
            folder=self._folder,
            log_file=self._folder / "smbd.log",
        )
        self._process.wait_until(self.answers, "samba to listen", 30)

    def answers(self) -> bool:
        with socket.socket() as probe:
            probe.settimeout(5)
            return probe.connect_ex((self.address, PORT)) == 0

    def pause(self) -> None:
        """Hang: the kernel accepts connections, but the server does not answer."""
        os.killpg(self._process.pid, signal.SIGSTOP)

    def resume(self) -> None:
        os.killpg(self._process.pid, signal.SIGCONT)

    def kill(self) -> None:
        """Kill the server, so that connections are refused."""
        self._process.kill()

    def restart(self) -> None:
        self.kill()
        self.start()

    def change_key(self) -> None:
        """Change the account's key, which new connections then need."""
        self.key = secrets.token_urlsafe(32)
        self._add_account()
        self.restart()

    def unplug(self) -> None:
        """Remove its address, so that packets to and from it are lost."""
        self._network.unplug_server()
        self._unplugged = True

    def plug_in(self) -> None:
        self._network.plug_server_in()
        self._unplugged = False

    def heal(self) -> None:
        """End all faults."""
        if self._unplugged:
            self.plug_in()
        if self._process.exit_code is None:
            self.resume()
        else:
            self.start()

    @property
    def log(self) -> str:
        return self._process.output

    @property
    def _configuration(self) -> Path:
        return self._folder / "smb.conf"

    def _write_configuration(self) -> None:
        text = CONFIGURATION.format(
            address=self.address,
            port=PORT,
            state=self._state,
            content=self.content,
            small=self._small,
            share=SHARE,
            read_only=READ_ONLY,
            full=FULL,
        )
        self._configuration.write_text(text)
        (self._state / "users").write_text(f"root = {ACCOUNT}\n")

    def _add_account(self) -> None:
        subprocess.run(
            ["smbpasswd", "-c", self._configuration, "-s", "-a", "root"],
            input=f"{self.key}\n{self.key}\n",
            env={"PATH": PATH},
            text=True,
            capture_output=True,
            check=True,
        )
