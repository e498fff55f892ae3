"""An older Kolibri, without the plugin, in a separate virtual environment."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from devtools.fleet import Fleet
from devtools.kolibri_process import Kolibri
from devtools.state import exclusive_lock, state_folder

COMPLETE = "complete"

#: What the plugin imports in a deployment whose secrets are in the environment.
OF_THE_PLUGIN = ("cryptography", "dj-database-url", "idna", "requests", "tenacity", "tqdm")

#: The newest minor version of Python 3 on which a series of releases runs.
NEWEST_PYTHON = {"0.15": 11, "0.16": 11, "0.17": 12}


@dataclass(frozen=True)
class OldKolibri:
    """One release of Kolibri."""

    version: str
    folder: Path

    @classmethod
    def install(cls, version: str, *, with_plugin: bool = False) -> OldKolibri:
        """Install the release from the package index into the state folder, once.

        :param with_plugin: together with the packages that the plugin needs there.
        """
        minor, program = python_for(version)
        plus = "-with-plugin" if with_plugin else ""
        folder = state_folder() / f"kolibri-{version}{plus}-python{minor}"
        with exclusive_lock(folder.name):
            if not (folder / COMPLETE).exists():
                subprocess.run([program, "-m", "venv", "--clear", folder], check=True)
                packages = [f"kolibri=={version}", "psycopg2-binary", "setuptools"]
                packages += OF_THE_PLUGIN if with_plugin else ()
                pip = (folder / "bin" / "python", "-m", "pip", "install", "--quiet")
                subprocess.run([*pip, *packages], check=True)
                (folder / COMPLETE).touch()
        return cls(version, folder)

    @property
    def python(self) -> Path:
        """The Python of its environment."""
        return self.folder / "bin" / "python"

    def fill(self, fleet: Fleet) -> None:
        """Set up the fleet's database with this release, and add one user."""
        home = fleet.folder / "old-home"
        database = {
            "KOLIBRI_DATABASE_ENGINE": "postgres",
            "KOLIBRI_DATABASE_NAME": fleet.database,
            "KOLIBRI_DATABASE_USER": fleet.user,
            "KOLIBRI_DATABASE_PASSWORD": fleet.password,
            "KOLIBRI_DATABASE_HOST": fleet.postgres.host,
            "KOLIBRI_DATABASE_PORT": str(fleet.postgres.port),
            "LANG": os.environ.get("LANG", "C.UTF-8"),
        }
        old = Kolibri(home, database, python=self.python)
        old.succeed(
            *("manage", "provisiondevice", "--facility", "Old school", "--preset", "nonformal"),
            *("--superusername", "admin", "--superuserpassword", "old-password"),
            *("--language_id", "en", "--verbosity", "0", "--noinput"),
        )


def python_for(version: str) -> tuple[int, str]:
    """The minor version and the path of a Python on which the release runs: this one, if it can.

    :raises FileNotFoundError: when there is none.
    """
    newest = NEWEST_PYTHON.get(".".join(version.split(".")[:2]), sys.version_info[1])
    if sys.version_info[1] <= newest:
        return sys.version_info[1], sys.executable
    for minor in range(newest, 8, -1):
        program = shutil.which(f"python3.{minor}")
        if program:
            return minor, program
    raise FileNotFoundError(f"Kolibri {version} needs Python 3.{newest} or older")
