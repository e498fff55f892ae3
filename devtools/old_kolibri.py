"""An older Kolibri, without the plugin, in a virtual environment of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from devtools.fleet import Fleet
from devtools.kolibri_process import Kolibri
from devtools.state import only_one, state_folder

COMPLETE = "complete"


@dataclass(frozen=True)
class OldKolibri:
    """One release."""

    version: str
    folder: Path

    @classmethod
    def install(cls, version: str) -> OldKolibri:
        """The release from the package index, fetched once into the state folder."""
        folder = state_folder() / f"kolibri-{version}-python{sys.version_info[1]}"
        with only_one(folder.name):
            if not (folder / COMPLETE).exists():
                subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True)
                packages = (f"kolibri=={version}", "psycopg2-binary", "setuptools")
                pip = (folder / "bin" / "python", "-m", "pip", "install", "--quiet")
                subprocess.run([*pip, *packages], check=True)
                (folder / COMPLETE).touch()
        return cls(version, folder)

    def fill(self, fleet: Fleet) -> None:
        """Make the fleet's database one that this release has used, with one user in it."""
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
        old = Kolibri(home, database, python=self.folder / "bin" / "python")
        old.succeed(
            *("manage", "provisiondevice", "--facility", "Old school", "--preset", "nonformal"),
            *("--superusername", "admin", "--superuserpassword", "old-password"),
            *("--language_id", "en", "--verbosity", "0", "--noinput"),
        )
