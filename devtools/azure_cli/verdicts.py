"""Gives commands to the az of this machine, in an Azure where nothing exists.

A command that az understands gets as far as a request; one that it does not understand ends before,
with az's own words. Whether the request is the right one can't be seen here. What a ``--query``
looks for has to be in what az makes of the vendor's own answers (:mod:`.answers`).
"""

from __future__ import annotations

import dataclasses
import json
import os
import re
import shlex
import shutil
import subprocess
import tempfile
import typing
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from devtools.azure_cli.answers import RESOURCES

#: Runs in az's own Python.
PROGRAM = Path(__file__).with_name("unanswered.py")

#: Groups of commands that az has only with an extension, and its name. None of them can be judged
#: where the extension is not installed.
EXTENSIONS: Mapping[str, str] = {"afd": "cdn", "redisenterprise": "redisenterprise"}

#: Values for placeholders of which az looks at the form.
EXAMPLES = {"GIB": "512", "IP": "203.0.113.7", "SKU": "B2", "TIME": "2026-09-01T10:00:00Z"}

CHECKOUT = Path(__file__).parents[2]


class Report(typing.TypedDict):
    """What :data:`PROGRAM` prints of a command."""

    accepted: bool
    finds: bool | None
    words: str


class AzureCliMissingError(Exception):
    """There is no az on this machine."""


@dataclasses.dataclass(frozen=True)
class Verdict:
    """What az made of a command.

    :param command: the command as it can be typed.
    :param accepted: None where az would need an extension to know.
    :param finds: whether its ``--query`` finds something; None where it has none, or where no
        answer is known.
    :param words: what az said.
    """

    command: str
    accepted: bool | None
    finds: bool | None
    words: str

    @property
    def extension(self) -> str:
        """The extension that the command is from; empty for one of az's own."""
        return EXTENSIONS.get(shlex.split(self.command)[1], "")


class AzureCli:
    """The az of this machine.

    :raises AzureCliMissingError: when there is none, or its Python can't be found.
    """

    def __init__(self) -> None:
        found = shutil.which("az")
        if found is None:
            raise AzureCliMissingError(
                "The Azure CLI is not on the PATH; `make commands` installs it for itself."
            )
        # A script: of Python, or one that names the Python that it runs.
        interpreter = re.search(r"(/\S*/python[\d.]*)", Path(found).read_text(encoding="utf-8"))
        if interpreter is None:
            raise AzureCliMissingError(f"{found} does not say which Python it runs.")
        self._python = interpreter[1]

    def judge(self, commands: Iterable[Sequence[str]]) -> dict[tuple[str, ...], Verdict]:
        """What az makes of each command; all in one process, because it starts slowly."""
        different = list(dict.fromkeys(tuple(words) for words in commands))
        reports = self._run(different)
        return {words: self._verdict(words, each) for words, each in zip(different, reports)}

    @staticmethod
    def _verdict(words: tuple[str, ...], report: Report) -> Verdict:
        command = shlex.join(["az", *words])
        # So az calls a group that it has not.
        unknown = f"'{words[0]}' is misspelled or not recognized" in report["words"]
        if words[0] in EXTENSIONS and unknown:
            return Verdict(command, None, None, "")
        return Verdict(command, report["accepted"], report["finds"], report["words"])

    def _run(self, commands: Sequence[Sequence[str]]) -> list[Report]:
        given = [[EXAMPLES.get(word, word) for word in words] for words in commands]
        with tempfile.TemporaryDirectory() as folder:
            desk, programs = Path(folder, "desk"), Path(folder, "programs")
            _furnish(desk, given)
            _install_docker(programs)
            ended = subprocess.run(
                [self._python, "-I", str(PROGRAM), str(Path(folder, "configuration"))],
                input=json.dumps({"commands": given, "resources": RESOURCES}),
                cwd=desk,
                env={**os.environ, "PATH": os.pathsep.join([str(programs), os.environ["PATH"]])},
                capture_output=True,
                text=True,
                check=False,
            )
        if ended.returncode:
            raise RuntimeError(f"{PROGRAM.name} ended with {ended.returncode}: {ended.stderr}")
        reports: list[Report] = json.loads(ended.stdout)
        return reports


def _furnish(desk: Path, commands: Sequence[Sequence[str]]) -> None:
    """Make the folder in which somebody types the commands, with the files that they name."""
    desk.mkdir()
    Path(desk, "arm").symlink_to(CHECKOUT / "arm")
    example = json.loads((CHECKOUT / "arm/parameters/small.parameters.json").read_text("utf-8"))
    example["parameters"]["superuserPassword"] = {"value": "twelve characters"}
    for words in commands:
        for option, value in zip(words, words[1:]):
            if option == "--file":
                Path(desk, value).write_text("secret", "utf-8")
            if value.startswith("@") and value.endswith(".json"):
                _lay_out(desk / value[1:], example)


def _lay_out(path: Path, parameters: Mapping[str, object]) -> None:
    path.parent.mkdir(exist_ok=True)
    if not path.exists():
        path.write_text(json.dumps(parameters), "utf-8")


def _install_docker(programs: Path) -> None:
    """For commands of az that look for it first."""
    programs.mkdir()
    docker = programs / "docker"
    docker.write_text("#!/bin/sh\n", "utf-8")
    docker.chmod(0o755)
