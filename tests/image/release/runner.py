"""Runs the commands of the workflow's jobs here, as GitHub's machines do."""

from __future__ import annotations

import itertools
import os
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

STEP_SECONDS = 900

#: A release's message on a machine that can't get a base for the image (MissingBaseError).
NO_BASE = re.compile(
    r"^error: (.* can't be fetched .* no stand-in |this machine's /etc/apt names no archive)",
    re.MULTILINE,
)

#: As GitHub runs ``shell: bash``.
BASH = ("bash", "--noprofile", "--norc", "-eo", "pipefail", "-c")


@dataclass(frozen=True)
class Runner:
    """All jobs share one machine, which GitHub's don't.

    :param root: the checkout that the commands run in.
    :param folder: where their outputs and summaries are written.
    :param environment: what GitHub gives to each command.
    """

    jobs: Mapping[str, Mapping[str, Any]]
    root: Path
    folder: Path
    environment: Mapping[str, str]

    def run(self, job: str, *words: str, **variables: str) -> str:
        """Run the commands of `job` that hold one of `words`; what they printed."""
        done = self.attempt(job, *words, **variables)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def attempt(
        self, job: str, *words: str, root: Path | None = None, **variables: str
    ) -> subprocess.CompletedProcess[str]:
        """The same for commands of which one may fail, which is the last that runs."""
        steps = [step for step in self.jobs[job]["steps"] if _holds(step, words)]
        assert steps, (job, words)
        printed = ""
        for step in steps:
            done = subprocess.run(
                [*BASH, step["run"]],
                cwd=root or self.root,
                env={**self._environment(job), **self._handed_to(step), **variables},
                capture_output=True,
                text=True,
                timeout=STEP_SECONDS,
                check=False,
            )
            printed += done.stdout
            if done.returncode and NO_BASE.search(done.stderr):
                pytest.skip(done.stderr)
            if done.returncode:
                break
        return subprocess.CompletedProcess(done.args, done.returncode, printed, done.stderr)

    def summary(self, job: str) -> str:
        return self._file(job, "summary").read_text()

    def outputs(self, job: str) -> Mapping[str, str]:
        """The outputs of `job` for later jobs."""
        told = _told(self._file(job, "output").read_text())
        return {
            name: told[re.fullmatch(r"\$\{\{ steps\.\w+\.outputs\.(\w+) \}\}", value)[1]]
            for name, value in self.jobs[job]["outputs"].items()
        }

    def _environment(self, job: str) -> Mapping[str, str]:
        return {
            **os.environ,
            **self.environment,
            "GITHUB_OUTPUT": str(self._file(job, "output")),
            "GITHUB_STEP_SUMMARY": str(self._file(job, "summary")),
        }

    def _handed_to(self, step: Mapping[str, Any]) -> Mapping[str, str]:
        given = {}
        for name, value in step.get("env", {}).items():
            found = re.fullmatch(r"\$\{\{ needs\.(\w+)\.outputs\.(\w+) \}\}", value)
            if found:
                given[name] = self.outputs(found[1])[found[2]]
        return given

    def _file(self, job: str, what: str) -> Path:
        return self.folder / f"{job}-{what}"


def _holds(step: Mapping[str, Any], words: tuple[str, ...]) -> bool:
    return any(word in step.get("run", "") for word in words)


def _told(text: str) -> Mapping[str, str]:
    """Lines of ``name=value``, and values of several lines between ``name<<WORD`` and ``WORD``."""
    told = {}
    lines = iter(text.splitlines())
    for line in lines:
        name, sign, rest = re.fullmatch(r"(\w+)(=|<<)(.*)", line).groups()
        several = itertools.takewhile(lambda each, end=rest: each != end, lines)
        told[name] = rest if sign == "=" else "\n".join(several)
    return told
