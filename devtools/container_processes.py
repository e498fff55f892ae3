"""The container's processes on this machine, without a container: ``docker/entrypoint MODE``."""

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

from devtools.deadline import PAUSE_SECONDS
from devtools.deployment import Deployment
from devtools.kolibri_process import START_SECONDS
from devtools.ports import free_port
from devtools.process import BackgroundProcess

REPOSITORY = Path(__file__).parents[1]
ENTRYPOINT = REPOSITORY / "docker" / "entrypoint"

#: What the image installs from Debian, and where Debian has nginx.
PROGRAMS = ("s6-svscan", "nginx")
ADMINISTRATORS = "/usr/sbin"

#: The host of the second origin, as the tests and benchmarks send it in Host.
ZIPCONTENT_HOST = "content.localhost"


class ContainerProcesses(BackgroundProcess):
    """A running entrypoint.

    :ivar url: of nginx; the second origin answers there to the Host header `zipcontent_host`.
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
        """The process of each part that is up, as the supervisor knows it."""
        found = {}
        for folder in sorted((self.run / "services").glob("[!.]*/")):
            answer = subprocess.run(
                ["s6-svstat", "-o", "pid", str(folder)], capture_output=True, text=True, check=False
            )
            if answer.returncode == 0 and int(answer.stdout) > 0:
                found[folder.name] = int(answer.stdout)
        return found

    def processes(self) -> set[int]:
        """All processes of the container, however they were started."""
        return {pid for pid in _all_processes() if self._belongs(pid)}

    def memory(self) -> int:
        """Bytes that all its processes use; what several share is counted once."""
        return sum(_proportional_bytes(pid) for pid in self.processes())

    def kill(self) -> int:
        """SIGKILL for the supervisor first, so that it starts nothing again; its exit code."""
        code = super().kill()
        while remaining := self.processes():
            for pid in remaining:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            time.sleep(PAUSE_SECONDS)
        return code

    def _belongs(self, pid: int) -> bool:
        """A part and what it starts stay in its folder; nginx wipes out its environment."""
        try:
            folder = os.readlink(f"/proc/{pid}/cwd")
        except OSError:
            return False
        return folder.startswith(f"{self.run}/")


def missing_programs() -> str:
    """The programs that the processes need and this machine has not, as one text."""
    return ", ".join(name for name in PROGRAMS if shutil.which(name, path=search_path()) is None)


def search_path() -> str:
    """PATH as the container's processes need it.

    Without what this user may not look into: a command that is not found is "not permitted" then.
    """
    inherited = os.environ.get("PATH", os.defpath).split(os.pathsep)
    usable = [folder for folder in inherited if os.access(folder, os.X_OK)]
    return os.pathsep.join([os.path.dirname(sys.executable), *usable, ADMINISTRATORS])


def make_static(folder: Path) -> Path:
    """Kolibri's static files as the image has them, made once."""
    if not (folder / "static").exists():
        subprocess.run(
            [sys.executable, "-m", "kolibri_container.static_files", str(folder)],
            env={**os.environ, "PYTHONPATH": str(REPOSITORY / "docker")},
            check=True,
        )
    return folder


def begin(
    instance: Deployment, *, mode: str = "web", static: Path | None = None, **settings: str
) -> ContainerProcesses:
    """Start a mode on this deployment; whoever needs it ready waits for that.

    :param mode: empty for the entrypoint without arguments.
    :param static: what :func:`make_static` made; without it, Kolibri serves those files itself.
    :param settings: environment variables beside those of the deployment.
    """
    instance.home.mkdir(parents=True, exist_ok=True)
    run = instance.home.parent / f"run-{instance.home.name}"
    port = settings.pop("PORT", str(free_port()))
    environment = {
        **instance.environment,
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
        instance.command(str(ENTRYPOINT), *([mode] if mode else [])),
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
