"""Gives commands to this machine's az, in an Azure where nothing exists.

If az understands a command, it sends a request. Otherwise it stops earlier, with its own error.
This can't show whether the request is the right one. The fields in a ``--query`` must exist in
az's version of Microsoft's documented answers (:mod:`.answers`).
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
PROGRAM = Path(__file__).with_name("offline.py")

#: Command groups that need an extension, and its name. Without it, they can't be checked.
EXTENSIONS: Mapping[str, str] = {"afd": "cdn", "redisenterprise": "redisenterprise"}

#: Values for placeholders whose form az checks.
EXAMPLES = {"GIB": "512", "IP": "203.0.113.7", "SKU": "B2", "TIME": "2026-09-01T10:00:00Z"}

CHECKOUT = Path(__file__).parents[2]


class Report(typing.TypedDict):
    """The report of :data:`PROGRAM` about a command."""

    accepted: bool
    finds: bool | None
    words: str


class AzureCliMissingError(Exception):
    """This machine has no az."""


@dataclasses.dataclass(frozen=True)
class Verdict:
    """az's verdict on a command.

    :param command: the command as typed.
    :param accepted: None if az would need an extension to decide.
    :param finds: whether its ``--query`` finds something; None if it has none, or if no answer is
        known.
    :param words: the output of az.
    """

    command: str
    accepted: bool | None
    finds: bool | None
    words: str

    @property
    def extension(self) -> str:
        """The extension with the command; empty for az's own commands."""
        return EXTENSIONS.get(shlex.split(self.command)[1], "")


class AzureCli:
    """The az of this machine.

    :raises AzureCliMissingError: if there is none, or its Python can't be found.
    """

    def __init__(self) -> None:
        found = shutil.which("az")
        if found is None:
            raise AzureCliMissingError(
                "The Azure CLI is not on the PATH. To install it and run the checks: make commands"
            )
        # A Python script, or a shell script that names its Python.
        interpreter = re.search(r"(/\S*/python[\d.]*)", Path(found).read_text(encoding="utf-8"))
        if interpreter is None:
            raise AzureCliMissingError(f"{found} does not say which Python it runs.")
        self._python = interpreter[1]

    def judge(self, commands: Iterable[Sequence[str]]) -> dict[tuple[str, ...], Verdict]:
        """Check each command; all in one process, because az starts slowly."""
        different = list(dict.fromkeys(tuple(words) for words in commands))
        reports = self._run(different)
        return {words: self._verdict(words, each) for words, each in zip(different, reports)}

    @staticmethod
    def _verdict(words: tuple[str, ...], report: Report) -> Verdict:
        command = shlex.join(["az", *words])
        # az's message for an unknown group.
        unknown = f"'{words[0]}' is misspelled or not recognized" in report["words"]
        if words[0] in EXTENSIONS and unknown:
            return Verdict(command, None, None, "")
        return Verdict(command, report["accepted"], report["finds"], report["words"])

    def _run(self, commands: Sequence[Sequence[str]]) -> list[Report]:
        given = [[EXAMPLES.get(word, word) for word in words] for words in commands]
        with tempfile.TemporaryDirectory() as folder:
            desk, programs = Path(folder, "desk"), Path(folder, "programs")
            _populate(desk, given)
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


def _populate(desk: Path, commands: Sequence[Sequence[str]]) -> None:
    """Create the working folder of the commands, with the files that they name."""
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
    """Install a fake docker, which some az commands look for first."""
    programs.mkdir()
    docker = programs / "docker"
    docker.write_text("#!/bin/sh\n", "utf-8")
    docker.chmod(0o755)
