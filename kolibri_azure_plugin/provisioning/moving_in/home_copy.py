"""A private copy of a home's database, in a folder that serves as the copy's KOLIBRI_HOME."""

from __future__ import annotations

import contextlib
import hashlib
import os
import sqlite3
from collections.abc import Iterator

import kolibri
from kolibri.utils.version import normalize_version_to_semver
from semver import VersionInfo

from kolibri_azure_plugin.errors import MovingInError
from kolibri_azure_plugin.instances.installed_version import MARKERS
from kolibri_azure_plugin.provisioning.moving_in.files_of_home import (
    DATABASE,
    OPTIONS_FILE,
    VERSION_FILE,
    option,
)
from kolibri_azure_plugin.provisioning.moving_in.source import OnBytes, Source
from kolibri_azure_plugin.provisioning.moving_in.source_errors import not_a_home

#: Moving in is tested from this release on.
OLDEST = "0.15.0"

#: New in the oldest release, for a home without .data_version.
ALL_MARKERS = (*MARKERS, (OLDEST, "device", "0015_syncqueue_no_fk"))

#: SQLite lists no more faults than this.
FAULTS = 3

#: Tables of every Kolibri.
TABLES = ("django_migrations", "kolibriauth_collection", "morango_certificate")


class HomeCopy:
    """The copy.

    :param home: the folder; everything in it belongs to the copy.
    :param path: the original's, for messages.
    """

    def __init__(self, home: str, path: str) -> None:
        self.home, self.path = home, path
        self.database = os.path.join(home, DATABASE)

    @property
    def options_file(self) -> str:
        """The copy of the home's options.ini; the copy itself runs without it."""
        return os.path.join(self.home, f"original-{OPTIONS_FILE}")

    @contextlib.contextmanager
    def open(self) -> Iterator[sqlite3.Connection]:
        """The database. Uncommitted changes are lost."""
        with contextlib.closing(sqlite3.connect(self.database, timeout=60)) as connection:
            yield connection


def make_copy(source: Source, home: str, on_bytes: OnBytes) -> HomeCopy:
    """Copy the database of a home, and check it.

    :param home: an empty folder.
    :raises MovingInError: when it is damaged, of an unsuitable version, or changes meanwhile.
    """
    copy = HomeCopy(home, source.path)
    before, sizes = source.state(), source.sizes()
    if not sizes.get(DATABASE):
        raise not_a_home(source.path, f"an empty {DATABASE}")
    source.copy_to(home, on_bytes)
    copied = {entry.name: entry.stat().st_size for entry in os.scandir(home)}
    if copied != sizes or source.state() != before:
        raise _in_use(source.path)
    options = os.path.join(home, OPTIONS_FILE)
    if os.path.exists(options):
        # It may name another database, and folders of another machine.
        os.replace(options, copy.options_file)
    if option(copy.options_file, "Database", "DATABASE_ENGINE") == "postgres":
        raise not_a_home(source.path, "a home whose options.ini says DATABASE_ENGINE = postgres")
    _check(copy)
    return copy


def _check(copy: HomeCopy) -> None:
    """Complete the database with its journal, and look for faults."""
    try:
        with copy.open() as connection:
            # SQLite plays back a journal, and Kolibri switches to write-ahead logs again.
            connection.execute("PRAGMA journal_mode = DELETE").fetchall()
            faults = connection.execute(f"PRAGMA integrity_check({FAULTS})").fetchall()
            known = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
    except sqlite3.DatabaseError as error:
        if "disk is full" in str(error):
            raise
        faults, known = [(str(error),)], set()
    if faults != [("ok",)]:
        raise MovingInError(
            f"The database in {copy.path} is damaged.",
            expected="a database without faults, according to SQLite",
            found="; ".join(str(text) for (text,) in faults),
            remedy="Stop Kolibri at the school, copy the home again, and compare the sizes. If the "
            "database there is damaged too, restore it from Kolibri's own backups first:\n"
            "kolibri manage dbrestore --latest",
            code="moving-in-database",
        )
    if not known.issuperset(TABLES):
        raise not_a_home(copy.path, f"a {DATABASE} without Kolibri's tables")


def require_suitable_version(copy: HomeCopy) -> str:
    """The version of Kolibri that used the home last.

    :raises MovingInError: when it is newer than this one, too old, or unknown.
    """
    file = os.path.join(copy.home, VERSION_FILE)
    version = ""
    if os.path.exists(file):
        with open(file, encoding="utf-8", errors="replace") as opened:
            version = opened.read().strip()
    version = version or _version_of_migrations(copy)
    # Kolibri's upgrade reads it there.
    with open(file, "w", encoding="utf-8") as opened:
        opened.write(version)
    try:
        found = _comparable(version)
    except (ValueError, TypeError, AttributeError):
        raise _unsuitable(copy, f"“{version[:40]}” in {VERSION_FILE}") from None
    if found > _comparable(kolibri.__version__):
        raise MovingInError(
            f"The home {copy.path} belongs to a newer Kolibri than this one.",
            expected=f"Kolibri {kolibri.__version__} or older",
            found=f"Kolibri {version}",
            remedy="Update this deployment first.",
            code="moving-in-version",
        )
    if found < _comparable(OLDEST):
        raise _unsuitable(copy, f"Kolibri {version}")
    return version


def digest(copy: HomeCopy) -> str:
    """Identifies the state of the home: copies of an unchanged home have the same."""
    found = hashlib.sha256()
    with open(copy.database, "rb") as file:
        while piece := file.read(1 << 20):
            found.update(piece)
    return found.hexdigest()


def _version_of_migrations(copy: HomeCopy) -> str:
    """The oldest version that a database with these migrations can have."""
    with copy.open() as connection:
        applied = set(connection.execute("SELECT app, name FROM django_migrations"))
    for version, app, name in ALL_MARKERS:
        if (app, name) in applied:
            return version
    raise _unsuitable(copy, f"an older one, and no {VERSION_FILE}")


def _unsuitable(copy: HomeCopy, found: str) -> MovingInError:
    return MovingInError(
        f"The home {copy.path} can't be upgraded to this version of Kolibri.",
        expected=f"Kolibri {OLDEST} or newer",
        found=found,
        remedy="Update Kolibri at the school to a newer version, and start it once. Then copy the "
        "home again, with its hidden files.",
        code="moving-in-version",
    )


def _in_use(path: str) -> MovingInError:
    return MovingInError(
        f"The home {path} changed while it was copied.",
        expected="a home that no Kolibri is using",
        found="files that were written meanwhile",
        remedy="Stop Kolibri there, or move in a copy of the home.",
        code="moving-in-database",
    )


def _comparable(version: str) -> VersionInfo:
    return VersionInfo.parse(normalize_version_to_semver(version))
