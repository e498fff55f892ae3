"""One container of the image, started as on App Service: stop, kill, read its log."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, NamedTuple

import requests

from devtools.container.engine import Engine
from devtools.deadline import wait_until
from kolibri_azure_plugin.container.settings import ImageSettings

if TYPE_CHECKING:
    from typing_extensions import Self

HOME = "/var/lib/kolibri"
MEMORY = "1750m"  # the memory for apps on App Service's smallest production plan
PORT = ImageSettings().port
RUNNING = "running"

# As restricted as possible.
RESTRICTIONS = ("--read-only", "--cap-drop=ALL", "--security-opt=no-new-privileges")
START_SECONDS = 60
LINES_SHOWN = 60


class ContainerEndedError(Exception):
    """A container ended unexpectedly. The text ends with its log."""


class Finished(NamedTuple):
    """A container, or a command in one, that has ended."""

    code: int
    output: str


class Mount(NamedTuple):
    """A folder or file of this machine, and its path in the container."""

    source: Path
    target: str
    read_only: bool = False

    @property
    def option(self) -> str:
        return f"--volume={self.source}:{self.target}{':ro' if self.read_only else ''}"


class Container:
    """A container on this machine's network; as a context manager, it is removed at the end."""

    def __init__(self, engine: Engine, identifier: str, port: int) -> None:
        self.engine = engine
        self.id = identifier
        self.port = port

    @classmethod
    def start(
        cls,
        engine: Engine,
        image: str,
        *command: str,
        environment: Mapping[str, str],
        mounts: Sequence[Mount] = (),
        memory: str = MEMORY,
        options: Sequence[str] = (),
    ) -> Self:
        """Run the image as its own user, with a read-only root and no capabilities."""
        with environment_file(environment) as variables:
            identifier = engine.run(
                *("run", "--detach", "--network=host", *RESTRICTIONS, f"--memory={memory}"),
                *("--tmpfs=/tmp:size=64m,mode=1777", *writable(engine, HOME)),
                *(f"--env-file={variables}", *(mount.option for mount in mounts), *options),
                *(image, *command),
                seconds=START_SECONDS,
            )
        return cls(engine, identifier.splitlines()[-1], int(environment.get("PORT", PORT)))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.remove()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> str:
        """Its output so far, stdout and stderr."""
        answer = self.engine.attempt("logs", self.id)
        return answer.stdout + answer.stderr

    @property
    def running(self) -> bool:
        return self._inspect("{{.State.Status}}") == RUNNING

    @property
    def exit_code(self) -> int:
        """The exit code of a container that has ended."""
        return int(self._inspect("{{.State.ExitCode}}"))

    @property
    def was_oom_killed(self) -> bool:
        """Whether the kernel has killed it for using too much memory."""
        return self._inspect("{{.State.OOMKilled}}") == "true"

    def is_ready(self) -> bool:
        """Whether App Service would send it requests."""
        return self._answers("/azure/health/ready")

    def is_alive(self) -> bool:
        return self._answers("/azure/health/live")

    def wait_until_ready(self, seconds: float) -> float:
        """Wait for the first 200; return the seconds. Raises ContainerEndedError."""
        began = time.monotonic()

        def ready() -> bool:
            if not self.running:
                raise ContainerEndedError(
                    f"the container ended with {self.exit_code}; {self.log_tail()}"
                )
            return self.is_ready()

        try:
            wait_until(ready, "/azure/health/ready", seconds)
        except TimeoutError as error:
            raise TimeoutError(f"{error}; {self.log_tail()}") from None
        return time.monotonic() - began

    def execute(self, *command: str, seconds: float = 120) -> Finished:
        """Run a command in the container, as `docker exec` does."""
        done = self.engine.attempt("exec", self.id, *command, seconds=seconds)
        return Finished(done.returncode, done.stdout + done.stderr)

    def wait(self, seconds: float) -> int:
        """Wait until it has ended; return its exit code."""
        wait_until(lambda: not self.running, f"container {self.id[:12]} to end", seconds)
        return self.exit_code

    def stop(self, seconds: int = 30) -> tuple[int, float]:
        """Send SIGTERM, and SIGKILL after `seconds`; return the exit code and the seconds."""
        began = time.monotonic()
        self.engine.run("stop", "--time", str(seconds), self.id, seconds=seconds + START_SECONDS)
        # The engine also takes a while to tell the exit code.
        took = time.monotonic() - began
        return self.exit_code, took

    def signal(self, name: str) -> None:
        """Send a signal to its first process; SIGKILL ends the whole container at once."""
        self.engine.run("kill", f"--signal={name}", self.id)

    def remove(self) -> None:
        self.engine.attempt("rm", "--force", "--volumes", self.id)

    def _answers(self, path: str) -> bool:
        try:
            return requests.get(self.url + path, timeout=5).status_code == requests.codes.ok
        except requests.RequestException:
            return False

    def log_tail(self) -> str:
        """The end of its log, for messages."""
        return "its log ends:\n" + "\n".join(self.log.splitlines()[-LINES_SHOWN:])

    def _inspect(self, what: str) -> str:
        return self.engine.run("inspect", "--type=container", f"--format={what}", self.id)


def run_to_completion(
    engine: Engine,
    image: str,
    *command: str,
    environment: Mapping[str, str],
    mounts: Sequence[Mount] = (),
    seconds: float = 120,
) -> Finished:
    """Run a container until its command ends."""
    container = Container.start(engine, image, *command, environment=environment, mounts=mounts)
    with container:
        code = container.wait(seconds)
        return Finished(code, container.log)


def writable(engine: Engine, folder: str) -> list[str]:
    """The options for an empty folder in memory, owned by the image's user."""
    if engine.is_podman:
        return [f"--mount=type=tmpfs,destination={folder},chown=true"]
    return [f"--tmpfs={folder}:uid=1000,gid=1000,mode=0755"]


@contextmanager
def environment_file(environment: Mapping[str, str]) -> Iterator[str]:
    """A private file with the environment, because others can read command lines."""
    descriptor, path = tempfile.mkstemp(prefix="environment-")
    try:
        with os.fdopen(descriptor, "w") as file:
            file.writelines(f"{name}={value}\n" for name, value in environment.items())
        yield path
    finally:
        os.unlink(path)
