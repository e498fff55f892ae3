"""Runs real Kolibri commands and servers in a controlled environment."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import requests

from devtools.ports import free_port
from devtools.process import BackgroundProcess

COMMAND_SECONDS = 180
START_SECONDS = 180

# By default Kolibri announces itself in the local network, reports to its makers and looks for
# channels on their servers. Port 9 of this machine refuses connections.
LOOPBACK_ONLY = {
    "KOLIBRI_LISTEN_ADDRESS": "127.0.0.1",
    "KOLIBRI_ZEROCONF_ENABLED": "0",
    "KOLIBRI_DISABLE_PING": "1",
    "KOLIBRI_CENTRAL_CONTENT_BASE_URL": "http://127.0.0.1:9",
    "KOLIBRI_DATA_PORTAL_SYNCING_BASE_URL": "http://127.0.0.1:9",
}


ProcessT = TypeVar("ProcessT", bound=BackgroundProcess)


@dataclass(frozen=True)
class Finished:
    """A finished command."""

    code: int
    stdout: str
    stderr: str

    @property
    def output(self) -> str:
        return self.stdout + self.stderr


class CommandFailedError(Exception):
    """A required command failed. The text contains its output."""


class WebProcess(BackgroundProcess):
    """A Kolibri that answers at `url`, and serves zip content at `zip_url`."""

    url = ""
    zip_url = ""

    def answers(self) -> bool:
        """Whether both servers do: a Kolibri that is told to end before never ends."""
        try:
            for url in filter(None, (f"{self.url}/status/", self.zip_url)):
                requests.get(url, timeout=5, headers={"Connection": "close"})
        except requests.RequestException:
            return False
        return True

    def wait_until_serving(self, seconds: float = START_SECONDS) -> None:
        self.wait_until(self.answers, f"an answer from {self.url}", seconds)


class Kolibri:
    """Runs commands with one KOLIBRI_HOME and one environment.

    The environment consists of PATH, settings that keep Kolibri on this machine, and the given
    variables, which override them. HOME is the folder itself, so the real one has no effect.
    """

    def __init__(
        self,
        home: Path,
        environment: Mapping[str, str] | None = None,
        *,
        python: str | Path = sys.executable,
    ) -> None:
        self.home = home
        self.python = python
        self.environment = {
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": str(home),
            "KOLIBRI_HOME": str(home),
            **LOOPBACK_ONLY,
            **(environment or {}),
        }
        home.mkdir(parents=True, exist_ok=True)

    def run(
        self,
        *arguments: str | Path,
        seconds: float = COMMAND_SECONDS,
        environment: Mapping[str, str] | None = None,
        text: str = "",
    ) -> Finished:
        """Run ``kolibri ARGUMENTS`` to its end, with `text` as its input.

        `environment` adds to the usual one. Raises subprocess.TimeoutExpired after `seconds`.
        """
        done = subprocess.run(
            [str(self.python), "-m", "kolibri", *(str(argument) for argument in arguments)],
            env={**self.environment, **(environment or {})},
            cwd=self.home,
            input=text,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=seconds,
            check=False,
        )
        return Finished(done.returncode, done.stdout, done.stderr)

    def succeed(
        self, *arguments: str | Path, seconds: float = COMMAND_SECONDS, text: str = ""
    ) -> Finished:
        """Run ``kolibri ARGUMENTS`` like :meth:`run`; the exit code must be 0."""
        finished = self.run(*arguments, seconds=seconds, text=text)
        if finished.code:
            command = " ".join(str(argument) for argument in arguments)
            raise CommandFailedError(
                f"kolibri {command} ended with {finished.code}:\n{finished.output}"
            )
        return finished

    def provision(
        self, *, username: str, password: str, facility: str = "Kolibri School", preset: str
    ) -> None:
        """Create the facility and its superuser.

        `preset` is "formal" (learners need no password), "nonformal" or "informal".
        """
        # fmt: off
        self.succeed(
            "manage", "provisiondevice", "--no-input", "--language_id", "en",
            "--facility", facility, "--preset", preset,
            "--superusername", username, "--superuserpassword", password,
        )
        # fmt: on

    def create_learner(self, username: str, password: str) -> None:
        """Create a learner's account in the default facility, without a running server.

        The password goes through standard input, because others can read a command's arguments.
        """
        self.succeed(
            "manage",
            "shell",
            text="from kolibri.core.auth.models import Facility, FacilityUser\n"
            f"FacilityUser.objects.create_user({username!r}, password={password!r}, "
            f"full_name={username!r}, facility=Facility.get_default_facility())\n",
        )

    def import_channel(self, channel_id: str, folder: Path) -> None:
        """Import a channel with all its files from a drive's KOLIBRI_DATA folder."""
        for command in ("importchannel", "importcontent"):
            self.succeed("manage", command, "disk", channel_id, folder)

    def start(self, *, port: int | None = None, zip_port: int | None = None) -> WebProcess:
        """``kolibri start`` in the foreground: the web server and the background services."""
        port, zip_port = port or free_port(), zip_port or free_port()
        ports = ("--port", str(port), "--zip-port", str(zip_port))
        process = self._background(
            WebProcess, "-m", "kolibri", "start", "--foreground", *ports, log="start.log"
        )
        process.url = f"http://127.0.0.1:{port}"
        process.zip_url = f"http://127.0.0.1:{zip_port}"
        return process

    def begin(self, *arguments: str, log: str = "command.log") -> BackgroundProcess:
        """Start ``kolibri ARGUMENTS``, without waiting for its end."""
        return self._background(BackgroundProcess, "-m", "kolibri", *arguments, log=log)

    def services(self) -> BackgroundProcess:
        """``kolibri services`` in the foreground, without a web server."""
        command = ("-m", "kolibri", "services", "--foreground")
        return self._background(BackgroundProcess, *command, log="services.log")

    def gunicorn(self, *options: str, port: int | None = None) -> WebProcess:
        """Kolibri's stock WSGI module under gunicorn; `options` are gunicorn's own."""
        port = port or free_port()
        application = "kolibri.deployment.default.wsgi:application"
        bind = ("--bind", f"127.0.0.1:{port}")
        command = ("-m", "gunicorn", *bind, *options, application)
        process = self._background(WebProcess, *command, log="gunicorn.log")
        process.url = f"http://127.0.0.1:{port}"
        return process

    def _background(self, kind: type[ProcessT], *arguments: str, log: str) -> ProcessT:
        return kind(
            [self.python, *arguments],
            environment=self.environment,
            folder=self.home,
            log_file=self.home / log,
        )
