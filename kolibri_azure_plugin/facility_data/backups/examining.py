"""Examines a backup's file before it is used."""

from __future__ import annotations

import hashlib
import os

import kolibri
from kolibri.utils.version import normalize_version_to_semver
from semver import VersionInfo

from kolibri_azure_plugin.errors import BackupError
from kolibri_azure_plugin.facility_data.backups import folder
from kolibri_azure_plugin.facility_data.backups.manifest import (
    DUMP,
    Manifest,
    UnreadableManifestError,
)
from kolibri_azure_plugin.facility_data.backups.manifest import read_manifest as read

CHUNK = 1 << 20

LIST = "kolibri manage azure_backup list"


def name_of(file: str) -> str:
    """The name of a backup that is named by its path, or by its name in the folder."""
    return os.path.basename(file).removesuffix(DUMP)


def find_file(place: str, file: str) -> str:
    """The path of a backup that is named by its path, or by its name in the folder.

    :raises BackupError: when there is none.
    """
    named = file if file.endswith(DUMP) else file + DUMP
    candidates = [os.path.join(place, named)] if place else []
    if os.path.dirname(named):
        candidates = [os.path.abspath(named)]
    for path in candidates:
        if os.path.isfile(path):
            return path
    raise BackupError(
        "There is no such backup.",
        expected="the path of a backup, or its name in the folder for backups",
        found=f"no file {candidates[0] if candidates else named}",
        remedy=f"List the backups:\n{LIST}",
        code="backup-unknown",
    )


def read_manifest(dump: str) -> Manifest:
    """The manifest of a backup.

    :raises BackupError: when there is none, or it is damaged.
    """
    try:
        return read(dump)
    except UnreadableManifestError as error:
        raise damaged(dump, f"its manifest can't be used: {error}") from error
    except OSError as error:
        raise folder.explain(os.path.dirname(dump), error) from error


def require_whole(dump: str, expected: Manifest) -> None:
    """Read the whole file, and compare it with its manifest.

    :raises BackupError: when a byte differs, or some are missing.
    """
    try:
        size = os.path.getsize(dump)
        if size != expected.file_bytes:
            raise damaged(dump, f"it has {size:,} bytes instead of {expected.file_bytes:,}")
        if _sha256(dump) != expected.sha256:
            raise damaged(dump, "its checksum differs from the manifest's")
    except OSError as error:
        raise folder.explain(os.path.dirname(dump), error) from error


def require_usable_version(expected: Manifest) -> None:
    """:raises BackupError: when the backup is of a newer Kolibri than this one."""
    if _comparable(expected.kolibri) > _comparable(kolibri.__version__):
        raise BackupError(
            "The backup is of a newer Kolibri.",
            expected=f"a backup of Kolibri {kolibri.__version__} or older",
            found=f"{expected.name}, of Kolibri {expected.kolibri}",
            remedy="Restore it with the image that made it, or with a newer one:\n"
            "az webapp config container set -g GROUP -n APP --container-image-name IMAGE",
            code="backup-newer",
        )


def damaged(dump: str, found: str) -> BackupError:
    """The error for a backup that can't be used."""
    return BackupError(
        f"The backup {os.path.basename(dump)} is damaged or incomplete.",
        expected="the file and its manifest, as they were made",
        found=found,
        remedy="Use another backup, or copy both files again from where they came:\n" + LIST,
        code="backup-damaged",
    )


def _sha256(path: str) -> str:
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        # From the share, not from this machine's memory.
        if hasattr(os, "posix_fadvise"):
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        while chunk := file.read(CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def _comparable(version: str) -> VersionInfo:
    return VersionInfo.parse(normalize_version_to_semver(version))
