"""Content shares, their files, and folders of Kolibri that a check reports a problem for."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from devtools.channel import CHANNEL_ID
from tests.fuse import require_fuse

from .patient import Patient


@contextlib.contextmanager
def full_share(patient: Patient) -> Iterator[None]:
    patient.deployment.kind = "full"
    patient.deployment.environment["KOLIBRI_AZURE_MOUNT_TYPES"] = "tmpfs"
    yield


@contextlib.contextmanager
def share_without_room(patient: Patient) -> Iterator[None]:
    patient.deployment.kind = "no-room"
    patient.deployment.environment["KOLIBRI_AZURE_MOUNT_TYPES"] = "tmpfs"
    yield


@contextlib.contextmanager
def unreachable_share(patient: Patient) -> Iterator[None]:
    """It is not mounted, and nothing listens at its server's address."""
    patient.deployment.kind = ""
    patient.deployment.environment["KOLIBRI_AZURE_CONTENT_SHARE"] = "127.0.0.1/content"
    yield


@contextlib.contextmanager
def full_home(patient: Patient) -> Iterator[None]:
    deployment = patient.deployment
    deployment.home.mkdir(exist_ok=True)
    deployment.more_shares.append(("full", deployment.home, deployment.home))
    yield


@contextlib.contextmanager
def hanging_media(patient: Patient) -> Iterator[None]:
    require_fuse()
    media = patient.deployment.home / "media"
    media.mkdir(parents=True)
    patient.deployment.more_shares.append(("hang", media, media))
    yield


@contextlib.contextmanager
def another_share(patient: Patient) -> Iterator[None]:
    other = patient.deployment.home.parent / "other-share"
    other.mkdir()
    patient.azure.add_share("kolibri", "content", other)
    patient.deployment.environment["KOLIBRI_AZURE_CONTENT_SHARE"] = "kolibri/content"
    yield


@contextlib.contextmanager
def lost_channel(patient: Patient) -> Iterator[None]:
    (patient.deployment.share / "databases" / f"{CHANNEL_ID}.sqlite3").unlink()
    yield


@contextlib.contextmanager
def lost_file(patient: Patient) -> Iterator[None]:
    files = sorted((patient.deployment.share / "storage").rglob("*.mp4"))
    files[0].unlink()
    yield
