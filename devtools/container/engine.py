"""Podman or Docker behind one interface."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from devtools.container.storage import podman_environment

VARIABLE = "DEVTOOLS_CONTAINER_ENGINE"
PROGRAMS = ("docker", "podman")
ANSWER_SECONDS = 60


class MissingEngineError(Exception):
    """No container engine works here. The text says what was tried and what to install."""


class EngineError(Exception):
    """A command of the engine failed. The text ends with its output."""


@dataclass(frozen=True)
class Engine:
    """One engine.

    :param name: ``podman`` or ``docker``.
    :param environment: the environment of its commands.
    """

    name: str
    environment: Mapping[str, str] = field(repr=False)

    @property
    def is_podman(self) -> bool:
        return self.name == "podman"

    def run(self, *words: str | Path, seconds: float = ANSWER_SECONDS, text: str = "") -> str:
        """Run one command of the engine, with `text` as its input; return its output.

        Raises EngineError if it fails, and subprocess.TimeoutExpired after `seconds`.
        """
        done = self.attempt(*words, seconds=seconds, text=text)
        if done.returncode:
            raise EngineError(
                f"{self.name} {' '.join(map(str, words[:2]))} failed: {done.stderr.strip()[-4000:]}"
            )
        return done.stdout.strip()

    def attempt(
        self, *words: str | Path, seconds: float = ANSWER_SECONDS, text: str = ""
    ) -> subprocess.CompletedProcess[str]:
        """Like :meth:`run`, for a command that may fail."""
        return subprocess.run(
            self.command(*words),
            env=dict(self.environment),
            input=text,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=seconds,
            check=False,
        )

    def command(self, *words: str | Path) -> list[str]:
        """The command line."""
        return [self.name, *map(str, words)]

    def has_image(self, name: str) -> bool:
        return self.attempt("image", "inspect", name).returncode == 0


@cache
def find_engine() -> Engine:
    """Find this machine's engine; the variable DEVTOOLS_CONTAINER_ENGINE chooses one.

    Raises MissingEngineError.
    """
    chosen = os.environ.get(VARIABLE)
    tried = []
    for name in (chosen,) if chosen else PROGRAMS:
        reason = _unavailable_reason(name)
        if not reason:
            return _engine(name)
        tried.append(f"{name}: {reason}")
    raise MissingEngineError(
        f"containers can't be run here ({'; '.join(tried)}). Install Docker, or Podman (Debian, "
        "Ubuntu: apt-get install --no-install-recommends podman runc conmon netavark mmdebstrap, "
        "and uidmap for users other than root)"
    )


def _unavailable_reason(name: str) -> str:
    """Why this engine does not work here; empty if it does."""
    if not shutil.which(name):
        return "not installed"
    try:
        trial = _engine(name).attempt("info")
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    return "" if trial.returncode == 0 else _last_line(trial.stderr)


def _engine(name: str) -> Engine:
    return Engine(name, podman_environment() if name == "podman" else dict(os.environ))


def _last_line(text: str) -> str:
    return "".join(text.strip().splitlines()[-1:]) or "does not answer"


def names_and_values(option: str, pairs: Mapping[str, str]) -> Sequence[str]:
    """``OPTION NAME=VALUE`` for each pair."""
    return [word for name, value in pairs.items() for word in (option, f"{name}={value}")]
