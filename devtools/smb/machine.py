"""A machine with the kernel's SMB client: user-mode-linux, with the host's files."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import socket
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from devtools.process import BackgroundProcess
from devtools.smb.network import Network
from devtools.smb.requirements import MODULES, PATH, preload_environment
from devtools.smb.running import Running
from devtools.smb.server import ACCOUNT, SHARE, Server

if TYPE_CHECKING:
    from typing_extensions import Self

REPOSITORY = Path(__file__).parents[2]
INIT = Path(__file__).with_name("inside") / "init.py"

#: The lab's `shared` folder in the machine, readable and writable.
SHARED = "/mnt/lab"
CONTENT = "/data/content"
#: As App Service mounts a share.
MOUNT_OPTIONS = (
    "vers=3.1.1,seal,soft,actimeo=1,serverino,mapposix,uid=0,gid=0,dir_mode=0777,file_mode=0777"
)

PORT = 9
#: User-mode-linux is slow, and more so on a busy machine.
BOOT_SECONDS, ANSWER_SECONDS = 120, 60


@dataclasses.dataclass(frozen=True)
class CompletedCommand:
    """The result of a command; the code is None if it was killed after the timeout."""

    code: int | None
    stdout: str
    stderr: str

    def check(self) -> Self:
        """Raise an error with the command's output, unless the code is 0."""
        if self.code != 0:
            how = "did not end in time" if self.code is None else f"ended with {self.code}"
            raise OSError(f"a command in the machine {how}:\n{self.stdout}{self.stderr}")
        return self


class Machine:
    """A running machine; use it as a context manager.

    :ivar address: its address, as seen from the host.
    """

    def __init__(
        self,
        network: Network,
        server: Server,
        folder: Path,
        shared: Path,
        *,
        number: int = 1,
        memory: str = "2048M",
    ) -> None:
        self._network = network
        self._server = server
        self._folder = folder / f"machine{number}"
        self._shared = shared
        self._number = number
        self._memory = memory
        self.address = ""

    def __enter__(self) -> Self:
        self._folder.mkdir()
        tap, self.address = self._network.add_machine(self._number)
        configuration = self._folder / "configuration.json"
        configuration.write_text(
            json.dumps(
                {
                    "name": f"machine{self._number}",
                    "address": self.address,
                    "port": PORT,
                    "modules": str(MODULES),
                    "folder": str(self._shared),
                    "shared": SHARED,
                }
            )
        )
        self._kernel = BackgroundProcess(
            self._network.command(
                *("env", *(f"{name}={value}" for name, value in preload_environment().items())),
                *("linux.uml", "rootfstype=hostfs", "rootflags=/", "ro", f"mem={self._memory}"),
                f"vec0:transport=tap,ifname={tap},depth=64,gro=1",
                *("con=null", "con0=fd:0,fd:1", f"uml_dir={self._folder}"),
                f"LAB_CONFIGURATION={configuration}",
                *(f"init={sys.executable}", "--", "-I", INIT),
            ),
            environment={"PATH": PATH, "HOME": str(self._folder)},
            folder=self._folder,
            log_file=self._folder / "console.log",
        )
        try:
            self._kernel.wait_until(self._is_up, "the machine to boot", BOOT_SECONDS)
        except BaseException:
            self._kernel.kill()
            raise
        return self

    def __exit__(self, *_error: object) -> None:
        with contextlib.suppress(OSError):
            self._ask("power_off", seconds=5)
        with contextlib.suppress(TimeoutError):
            self._kernel.wait_for_exit(10)
        self._kernel.kill()

    @property
    def console(self) -> str:
        """The kernel's output."""
        return self._kernel.output

    def run(
        self,
        argv: Sequence[str | Path],
        *,
        env: Mapping[str, str] | None = None,
        cwd: str | Path = "/",
        user: int | None = None,
        timeout: float = 60,
    ) -> CompletedCommand:
        """Run a command to its end, or kill it and its descendants after `timeout` seconds."""
        how = _how(argv, env, cwd, user)
        answer = self._ask("run", seconds=timeout + ANSWER_SECONDS, timeout=timeout, **how)
        return CompletedCommand(**answer)

    def python(self, code: str, *arguments: str, **how: Any) -> CompletedCommand:
        """Run Python `code` with this process's packages and the project's."""
        how["env"] = {"PYTHONPATH": str(REPOSITORY), **(how.get("env") or {})}
        return self.run([sys.executable, "-c", code, *arguments], **how)

    def start(
        self,
        argv: Sequence[str | Path],
        *,
        env: Mapping[str, str] | None = None,
        cwd: str | Path = "/",
        user: int | None = None,
    ) -> Running:
        """Start a program that runs until it is stopped."""
        return Running(self._ask("start", **_how(argv, env, cwd, user))["process"], self._ask)

    def mount(
        self,
        point: str = CONTENT,
        *,
        share: str = SHARE,
        key: str | None = None,
        options: str = MOUNT_OPTIONS,
        timeout: float = 300,
    ) -> CompletedCommand:
        """Try to mount a share of the lab's server; return the result of mount.cifs."""
        self.run(["mkdir", "-p", point]).check()
        source = f"//{self._server.address}/{share}"
        return self.run(
            ["mount", "-t", "cifs", source, point, "-o", f"username={ACCOUNT},{options}"],
            env={"PASSWD": self._server.key if key is None else key},
            timeout=timeout,
        )

    def unmount(self, point: str = CONTENT) -> CompletedCommand:
        """Unmount a share, even if it is in use."""
        return self.run(["umount", "-l", point])

    def add_latency(self, milliseconds: int) -> None:
        """Delay every packet to the server, and no others."""
        self.remove_latency()
        of_server = f"protocol ip u32 match ip dst {self._server.address}/32"
        for words in (
            "qdisc add dev vec0 root handle 1: prio bands 4",
            f"qdisc add dev vec0 parent 1:4 netem delay {milliseconds}ms limit 100000",
            f"filter add dev vec0 parent 1: {of_server} flowid 1:4",
        ):
            self.run(["tc", *words.split()]).check()

    def remove_latency(self) -> None:
        self.run(["tc", "qdisc", "del", "dev", "vec0", "root"])

    def _is_up(self) -> bool:
        try:
            socket.create_connection((self.address, PORT), 5).close()
        except OSError:
            return False
        return True

    def _ask(self, what: str, *, seconds: float = ANSWER_SECONDS, **request: Any) -> Any:
        with socket.create_connection((self.address, PORT), ANSWER_SECONDS) as connection:
            connection.settimeout(seconds)
            connection.sendall(json.dumps({"do": what, **request}).encode() + b"\n")
            with connection.makefile("rb") as answer:
                text = answer.read()
        if not text:
            raise ConnectionError(f"the machine's agent did not do this: {what} {request}")
        return json.loads(text)


def _how(
    argv: Sequence[str | Path], env: Mapping[str, str] | None, cwd: str | Path, user: int | None
) -> dict[str, Any]:
    words = [str(word) for word in argv]
    return {"argv": words, "env": dict(env or {}), "cwd": str(cwd), "user": user}
