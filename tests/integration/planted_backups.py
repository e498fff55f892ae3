"""Files that look like backups of a given age, for tests that don't restore them."""

from __future__ import annotations

import dataclasses
import datetime as dt
from pathlib import Path

from devtools.deployment import Deployment
from kolibri_azure_plugin.facility_data.backups.manifest import (
    DUMP,
    MANIFEST,
    NIGHTLY,
    VERIFIED,
    Manifest,
    format_time,
    now,
    verification,
)

CONTENT = b"a dump"


def folder_of(deployment: Deployment) -> Path:
    """Give the deployment a folder for nightly backups."""
    folder = deployment.home.parent / "backups"
    folder.mkdir(exist_ok=True)
    deployment.environment["KOLIBRI_AZURE_BACKUP_FOLDER"] = str(folder)
    deployment.environment["KOLIBRI_AZURE_BACKUP_KEEP"] = "7"
    return folder


def plant(folder: Path, *, hours: float, kind: str = NIGHTLY, verified: bool = True) -> Path:
    """A backup that was made and verified so many hours ago."""
    made = now() - dt.timedelta(hours=hours)
    name = f"kolibri-{made:%Y%m%dT%H%M%SZ}-{kind}"
    found = Manifest(
        name=name, created_at=format_time(made), kind=kind, reason=kind, kolibri="0.19.5",
        plugin="0.1.0", server="17.6", client="17.6", database="kolibri", schema="public",
        counts={}, database_bytes=1, file_bytes=len(CONTENT), sha256="", seconds=1.0,
    )  # fmt: skip
    dump = folder / f"{name}{DUMP}"
    dump.write_bytes(CONTENT)
    (folder / f"{name}{MANIFEST}").write_bytes(found.encode())
    if verified:
        (folder / f"{name}{VERIFIED}").write_bytes(verification(made, "17.6", 1.0))
    return dump


def replace_by_folder(dump: Path) -> None:
    """Make a backup that not even root can remove."""
    dump.unlink()
    dump.mkdir()
    beside = dump.with_suffix(MANIFEST)
    found = Manifest.decode(beside.read_text())
    beside.write_bytes(dataclasses.replace(found, file_bytes=dump.stat().st_size).encode())
