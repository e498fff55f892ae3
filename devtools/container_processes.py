"""Runs the container's processes without a container: ``docker/entrypoint MODE``."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import requests

from devtools.deadline import PAUSE_SECONDS, wait_until
from devtools.deployment import Deployment
from devtools.kolibri_process import START_SECONDS
from devtools.ports import free_port
from devtools.process import BackgroundProcess

REPOSITORY = Path(__file__).parents[1]
ENTRYPOINT = REPOSITORY / "docker" / "entrypoint"

#: Programs that the image installs from Debian.
PROGRAMS = ("s6-svscan", "nginx")
ADMINISTRATORS = "/usr/sbin"

#: Seconds in which the last processes of an ended container must be gone.
ORPHAN_SECONDS = 10

#: The plugins and their options in the image; a test compares them with docker/Dockerfile.
IMAGE_PLUGINS = {
    "KOLIBRI_PLUGIN_ENABLE": "kolibri_azure_plugin,kolibri_sync_extras_plugin",
    "KOLIBRI_SYNC_BACKGROUND_INITIALIZATION": "true",
    "KOLIBRI_SYNC_BACKGROUND_FINALIZATION": "true",
}

#: The second origin's host, which tests and benchmarks send in the Host header.
ZIPCONTENT_HOST = "content.localhost"


class ContainerProcesses(BackgroundProcess):
    """A running entrypoint.

    :ivar url: nginx's address; it serves the second origin for the Host header `zipcontent_host`.
    :ivar run: its KOLIBRI_CONTAINER_RUN.
    """

    url = ""
    run = Path()
    zipcontent_host = ZIPCONTENT_HOST

    def is_ready(self) -> bool:
        """Whether it can serve."""
        try:
            answer = requests.get(
                f"{self.url}/azure/health/ready", timeout=5, headers={"Connection": "close"}
            )
        except requests.RequestException:
            return False
        return answer.ok

    def wait_until_ready(self, seconds: float = START_SECONDS) -> None:
        self.wait_until(self.is_ready, f"{self.url}/azure/health/ready", seconds)

    def parts(self) -> dict[str, int]:
        """The PID of each running part, according to the supervisor."""
        found = {}
        for folder in sorted((self.run / "services").glob("[!.]*/")):
            answer = subprocess.run(
                ["s6-svstat", "-o", "pid", str(folder)], capture_output=True, text=True, check=False
            )
            if answer.returncode == 0 and int(answer.stdout) > 0:
                found[folder.name] = int(answer.stdout)
        return found

    def processes(self) -> set[int]:
        """All processes of the container."""
        return {pid for pid in _all_processes() if self._belongs(pid)}

    def orphans(self) -> set[int]:
        """What is left of an ended container; a process that was just killed has time to go."""
        with suppress(TimeoutError):
            wait_until(lambda: not self.processes(), "the end of all processes", ORPHAN_SECONDS)
        return self.processes()

    def memory(self) -> int:
        """The bytes that all its processes use; shared memory counts once."""
        return sum(_proportional_bytes(pid) for pid in self.processes())

    def kill(self) -> int:
        """Kill all; the supervisor first, so that it restarts nothing. Return its exit code."""
        code = super().kill()
        while remaining := self.processes():
            for pid in remaining:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            time.sleep(PAUSE_SECONDS)
        return code

    def _belongs(self, pid: int) -> bool:
        """Check the working folder, because nginx erases its environment."""
        try:
            folder = os.readlink(f"/proc/{pid}/cwd")
        except OSError:
            return False
        return folder.startswith(f"{self.run}/")


def missing_programs() -> str:
    """The required programs that this machine lacks, as one text."""
    return ", ".join(name for name in PROGRAMS if shutil.which(name, path=search_path()) is None)


def search_path() -> str:
    """The PATH for the container's processes.

    It omits folders that this user can't read: they turn "not found" errors into "not permitted".
    """
    inherited = os.environ.get("PATH", os.defpath).split(os.pathsep)
    usable = [folder for folder in inherited if os.access(folder, os.X_OK)]
    return os.pathsep.join([os.path.dirname(sys.executable), *usable, ADMINISTRATORS])


def make_static(folder: Path) -> Path:
    """Create Kolibri's static files as in the image, once."""
    if not (folder / "static").exists():
        subprocess.run(
            [sys.executable, "-m", "kolibri_azure_plugin.container.static_files", str(folder)],
            env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
            check=True,
        )
    return folder


def begin(
    instance: Deployment, *, mode: str = "web", static: Path | None = None, **settings: str
) -> ContainerProcesses:
    """Start a mode on this deployment, without waiting until it is ready.

    :param mode: with its arguments; empty for the entrypoint without any.
    :param static: the folder from :func:`make_static`; without it, Kolibri serves the files itself.
    :param settings: additional environment variables.
    """
    instance.home.mkdir(parents=True, exist_ok=True)
    run = instance.home.parent / f"run-{instance.home.name}"
    port = settings.pop("PORT", str(free_port()))
    environment = {
        **instance.environment,
        **IMAGE_PLUGINS,
        "PATH": search_path(),
        "PORT": port,
        "KOLIBRI_CONTAINER_RUN": str(run),
        "KOLIBRI_CONTAINER_STATIC": str(static or instance.home / "no-static-files"),
        "KOLIBRI_NO_FILE_BASED_LOGGING": "1",
        "KOLIBRI_ZIP_CONTENT_ORIGIN": f"http://{ZIPCONTENT_HOST}:{port}",
        "KOLIBRI_AZURE_HTTPS_PROXY": "false",
        **settings,
    }
    processes = ContainerProcesses(
        instance.command(str(ENTRYPOINT), *mode.split()),
        environment=environment,
        folder=instance.home,
        log_file=instance.home / "container.log",
    )
    processes.url = f"http://127.0.0.1:{port}"
    processes.run = run
    origin = environment["KOLIBRI_ZIP_CONTENT_ORIGIN"]
    processes.zipcontent_host = urlsplit(origin).netloc if origin else ""
    return processes


def _all_processes() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").glob("[0-9]*")]


def _proportional_bytes(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))
