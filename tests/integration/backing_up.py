"""Backups of a deployment, as an administrator makes them in a shell."""

from __future__ import annotations

import dataclasses
import json
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from devtools.deployment import Deployment, run
from devtools.postgres import PostgresServer
from devtools.process import BackgroundProcess

FOLDER = "KOLIBRI_AZURE_BACKUP_FOLDER"

#: Seconds for what takes one, on a busy machine.
SOON = 60

#: The command without `kolibri manage`, which replaces itself by this program.
PROGRAM = ("-m", "kolibri_azure_plugin.facility_data.backups")


@dataclasses.dataclass
class Backups:
    """The command on one deployment, and its folder.

    :param folder: where the backups are.
    """

    deployment: Deployment
    folder: Path

    @classmethod
    def of(cls, deployment: Deployment) -> Backups:
        """Give a deployment a folder for backups."""
        folder = deployment.home.parent / "backups"
        folder.mkdir(exist_ok=True)
        deployment.environment[FOLDER] = str(folder)
        return cls(deployment, folder)

    def run(self, *words: str, **settings: str) -> subprocess.CompletedProcess[str]:
        """Run the command to its end."""
        return run(self.command(*words), {**self.deployment.environment, **settings}, 300)

    def start(self, *words: str, wrapper: Sequence[str] = ()) -> BackgroundProcess:
        """Begin to run the command, in the wrapper if there is one."""
        return BackgroundProcess(
            [*wrapper, *self.command(*words)],
            environment=self.deployment.environment,
            folder=self.folder,
            log_file=self.deployment.home.parent / "command.log",
        )

    def command(self, *words: str) -> list[str]:
        return self.deployment.command(self.deployment.python, *PROGRAM, *words)

    def require(self, *words: str, **settings: str) -> str:
        """Run a command that must succeed; returns its output."""
        done = self.run(*words, **settings)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def create(self) -> Path:
        """The path of a new backup, which is the last line of the output."""
        return Path(self.require("create").splitlines()[-1])

    def files(self) -> list[str]:
        """The names of all files in the folder."""
        return sorted(path.name for path in self.folder.iterdir())


def manifest(dump: Path) -> dict[str, Any]:
    """The manifest next to a backup."""
    found: dict[str, Any] = json.loads(dump.with_suffix(".json").read_text())
    return found


def rewrite(dump: Path, **changes: Any) -> None:
    """Change the manifest next to a backup."""
    dump.with_suffix(".json").write_text(json.dumps({**manifest(dump), **changes}))


def scratch_databases(postgres: PostgresServer) -> list[Any]:
    """The databases into which verifications have restored a backup."""
    return postgres.execute("SELECT datname FROM pg_database WHERE datname LIKE '%\\_verify\\_%'")
