"""The folder for backups: where it may be, and whether it has room."""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Iterator

from kolibri_azure_plugin.cloud.network import on_app_service
from kolibri_azure_plugin.configuration.deployment import Deployment
from kolibri_azure_plugin.configuration.settings import environment_variable
from kolibri_azure_plugin.content import probe, share
from kolibri_azure_plugin.content.mounts import Mount, mount_around, mounted_at
from kolibri_azure_plugin.content.probe import Measurements
from kolibri_azure_plugin.content.share_server import HOST
from kolibri_azure_plugin.errors import BackupError, ContentShareError
from kolibri_azure_plugin.errors.remedies import name_other_share, set_app_settings
from kolibri_azure_plugin.errors.wording import megabytes

VARIABLE = environment_variable("backup_folder")

#: The folder of the templates, where they mount a share of its own.
USUAL_FOLDER = "/data/backups"


def require_folder(deployment: Deployment) -> str:
    """The folder that the setting names, judged by its name and the mount table alone.

    :raises BackupError: when there is none, or backups would be served or lost there.
    """
    folder = deployment.settings.backup_folder
    if not folder:
        raise BackupError(
            "There is no folder for backups.",
            expected=f"{VARIABLE}, the folder at which a share for backups is mounted",
            found="it is not set",
            remedy=_remedy(share.MOUNT_COMMAND.format(path=USUAL_FOLDER), USUAL_FOLDER)
            + f"\n{set_app_settings(f'{VARIABLE}={USUAL_FOLDER}')}",
            code="backup-folder-not-set",
        )
    reason = _reason_against(folder, deployment)
    if reason:
        raise BackupError(
            "The folder for backups can't be used.",
            expected="an absolute path outside of KOLIBRI_HOME and of the content, on a disk or "
            "share that outlives the container",
            found=f"{VARIABLE} is {folder}, {reason}",
            remedy=set_app_settings(f"{VARIABLE}={USUAL_FOLDER}"),
            code="backup-folder-unsuitable",
        )
    return os.path.normpath(folder)


def _reason_against(folder: str, deployment: Deployment) -> str:
    if not os.path.isabs(folder):
        return "which is not absolute"
    for place, path in (
        ("KOLIBRI_HOME", deployment.home),
        ("the content share", deployment.settings.content_mount),
        ("the content folder", deployment.content_folder),
    ):
        if _contains(path, folder):
            return f"which is in {place}"
        if _contains(folder, path):
            return f"which contains {place}"
    mount = mount_around(folder)
    if mount is None and on_app_service():
        return "where nothing is mounted, so it is lost with the container"
    if mount is not None and _is_share_of(deployment.settings.content_mount, mount):
        return f"where the content share is mounted again, source {mount.source}"
    return ""


def _contains(outer: str, inner: str) -> bool:
    outer, inner = os.path.normpath(os.path.abspath(outer)), os.path.normpath(inner)
    return os.path.commonpath([outer, inner]) == outer


def _is_share_of(content_mount: str, mount: Mount) -> bool:
    """True if a mount has the content, or a part of it. A disk may have both in its folders."""
    content = mounted_at(content_mount)
    if content is None or HOST.fullmatch(mount.source) is None:
        return False
    here, there = (f"{each.source}{each.root}".rstrip("/") + "/" for each in (mount, content))
    return here.startswith(there) or there.startswith(here)


def measure(folder: str) -> Measurements:
    """Write, read and delete a small file, and measure the free space, without hanging.

    :raises BackupError: when there is no such folder.
    :raises ContentShareError: when it does not work.
    """
    with folder_errors(folder):
        return probe.touch(folder)


@contextlib.contextmanager
def folder_errors(folder: str) -> Iterator[None]:
    """Turn a probe's exceptions into errors for the administrator."""
    try:
        with share.share_errors(folder):
            try:
                yield
            except OSError as error:
                if error.errno in (errno.ENOENT, errno.ENOTDIR):
                    raise _missing(folder) from error
                raise
    except ContentShareError as error:
        error.remedy = _remedy(error.remedy, folder)
        raise


def explain(folder: str, error: OSError) -> ContentShareError:
    """The error for the administrator that explains an OSError in the folder."""
    explained = share.explain(folder, error)
    explained.remedy = _remedy(explained.remedy, folder)
    return explained


def _remedy(text: str, folder: str) -> str:
    """Of a remedy for the content share, the same for the share that has the backups."""
    mount = mount_around(folder)
    return name_other_share(text, "BACKUP_SHARE", mount.source if mount else "")


def require_room(folder: str, needed: int) -> None:
    """:raises BackupError: when fewer bytes than needed are free."""
    free = measure(folder).free_bytes
    if free < needed:
        raise no_room(folder, f"{megabytes(free)} free", f"{megabytes(needed)} free")


def no_room(folder: str, found: str, expected: str = "room for the whole file") -> BackupError:
    """The error for a folder that is full, or too small for the database."""
    return BackupError(
        "There is no room for a backup.",
        expected=f"{expected} in {folder}; the file is smaller than the database, but by how much "
        "is not known before",
        found=found,
        remedy="List the backups, and delete files that you no longer need:\n"
        "kolibri manage azure_backup list\nor enlarge the share:\n"
        f"{_remedy(share.GROW_SHARE, folder)}",
        code="backup-no-room",
    )


def _missing(folder: str) -> BackupError:
    return BackupError(
        "The folder for backups does not exist.",
        expected=f"a share that is mounted at {folder}",
        found="no such folder",
        remedy=_remedy(share.MOUNT_COMMAND.format(path=folder), folder),
        code="backup-folder-missing",
    )
