"""The backups in a folder: which there are, and which are removed."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import os
from collections.abc import Sequence
from typing import Any, Callable

from kolibri_azure_plugin.content import probe
from kolibri_azure_plugin.errors import KolibriAzureError
from kolibri_azure_plugin.facility_data.backups import catalogue_process, manifest
from kolibri_azure_plugin.facility_data.backups.folder import folder_errors
from kolibri_azure_plugin.facility_data.backups.manifest import (
    DUMP,
    MANIFEST,
    NAME,
    PARTIAL,
    VERIFIED,
    Manifest,
    UnreadableManifestError,
)

#: Seconds for a share to list its files.
TIMEOUT = 30.0


@dataclasses.dataclass(frozen=True)
class Backup:
    """One file of the folder.

    :param bytes: the size of the file; another than in the manifest after a copy that was cut.
    :param manifest: None if there is none, or it can't be read.
    :param problem: why the file can't be used; empty if nothing is known against it.
    :param verified_at: when the backup was last verified.
    """

    path: str
    bytes: int
    manifest: Manifest | None
    problem: str
    verified_at: dt.datetime | None

    @property
    def file(self) -> str:
        return os.path.basename(self.path)

    @property
    def kind(self) -> str:
        return self.manifest.kind if self.manifest else ""


def find_backups(place: str) -> list[Backup]:
    """All backups, oldest first.

    :raises BackupError: when there is no such folder.
    :raises ContentShareError: when the share does not answer.
    """
    found = _run("list", place, name=NAME.pattern, dump=DUMP, manifest=MANIFEST, verified=VERIFIED)[
        "backups"
    ]
    return sorted((backup_of(place, entry) for entry in found), key=_order)


def sweep(place: str) -> None:
    """Remove what killed processes left in the folder. Needs the lock of backups."""
    _run("sweep", place, name=NAME.pattern, dump=DUMP, manifest=MANIFEST, partial=PARTIAL)


def remove_old(place: str, kind: str, kept: int, tell: Callable[[str], None]) -> None:
    """Remove the oldest backups of a kind. Needs the lock of backups.

    The newest verified one always stays: it alone is known to be restorable.

    :param kept: how many usable ones stay, at least one.
    """
    of_kind = [each for each in find_backups(place) if each.kind == kind]
    usable = [each for each in of_kind if not each.problem]
    if len(usable) <= kept:
        return
    older = of_kind[: of_kind.index(usable[-kept])]
    verified = newest_verified(of_kind)
    removed = [each.file for each in older if each is not verified]
    if removed:
        remove(place, removed)
        tell(f"Removed {', '.join(removed)}.")


def try_to_remove_old(place: str, kind: str, kept: int, tell: Callable[[str], None]) -> None:
    """The same after a backup, which is good even if no other one can be removed."""
    try:
        remove_old(place, kind, kept, tell)
    except KolibriAzureError as error:
        tell(f"Older backups could not be removed: {error.summary}")


def remove(place: str, dumps: Sequence[str]) -> None:
    """Remove backups with the files next to them, each manifest last."""
    files = [
        manifest.path_of(dump, ending) for dump in dumps for ending in (VERIFIED, DUMP, MANIFEST)
    ]
    if files:
        _run("remove", place, files=files)


def newest_verified(backups: Sequence[Backup]) -> Backup | None:
    """The newest backup that has been verified."""
    verified = [each for each in backups if each.verified_at and each.manifest]
    return verified[-1] if verified else None


def backup_of(place: str, entry: dict[str, Any]) -> Backup:
    found, problem = _manifest(entry)
    verified_at = None if problem else _verified_at(entry["verified"])
    path = os.path.join(place, entry["file"])
    return Backup(path, entry["bytes"], found, problem, verified_at)


def _manifest(entry: dict[str, Any]) -> tuple[Manifest | None, str]:
    """The manifest of a file, and what is wrong with either."""
    if entry["manifest"] is None:
        return None, "there is no manifest next to it"
    if not entry["manifest"]:
        return None, "its manifest is empty, or only another user can read it"
    try:
        found = Manifest.decode(entry["manifest"])
    except UnreadableManifestError as error:
        return None, str(error)
    if found.file_bytes != entry["bytes"]:
        return found, f"it has {entry['bytes']:,} bytes instead of {found.file_bytes:,}"
    return found, ""


def _verified_at(text: str | None) -> dt.datetime | None:
    try:
        return manifest.parse_time(json.loads(text or "{}")["verified_at"])
    except (ValueError, KeyError, TypeError):
        return None


def _order(backup: Backup) -> tuple[str, str]:
    return (backup.manifest.created_at if backup.manifest else "", backup.file)


def _run(action: str, place: str, **arguments: Any) -> dict[str, Any]:
    with folder_errors(place):
        return probe.run_program(catalogue_process.PROGRAM, action, place, arguments, TIMEOUT)
