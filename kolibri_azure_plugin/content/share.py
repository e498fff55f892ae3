"""Verifies that the content folder is a mounted share that works."""

from __future__ import annotations

import contextlib
import dataclasses
import errno
from collections.abc import Callable, Iterator, Sequence

from kolibri_azure_plugin.content import probe
from kolibri_azure_plugin.content.mounts import Mount, mounted_at
from kolibri_azure_plugin.content.probe import Measurements, ProbeTimeoutError
from kolibri_azure_plugin.errors import ContentShareError
from kolibri_azure_plugin.errors.remedies import RESTART

MOUNT_COMMAND = (
    "az webapp config storage-account add -g GROUP -n APP --custom-id MOUNT_NAME "
    "--storage-type AzureFiles --account-name ACCOUNT --share-name SHARE "
    "--access-key @FILE --mount-path {path}"
)

#: Shows whether the key and the share name of each mount are right, without showing the key.
SHOW_MOUNTS = (
    "az webapp config storage-account list -g GROUP -n APP "
    "--query '[].[value.mountPath, value.shareName, value.state]' -o table"
)
SHOW_ACCOUNT_STATUS = "az storage account show -n ACCOUNT --query statusOfPrimary"

#: The errors for a full share. Waiting does not help.
NO_ROOM = (errno.ENOSPC, errno.EDQUOT)

GROW_SHARE = "az storage share-rm update -g GROUP --storage-account ACCOUNT -n SHARE --quota GIB"


@dataclasses.dataclass(frozen=True)
class VerifiedShare:
    """A share that works, with the measurements that were taken."""

    mount: Mount
    measurements: Measurements


def verify(
    path: str, types: Sequence[str], on_start: Callable[[], None] = probe.do_nothing
) -> VerifiedShare:
    """Make sure that a share is mounted at exactly this path, and that it works.

    :param types: file system types that count as a share.
    :param on_start: as for :func:`probe.touch`.
    :raises ContentShareError: when it is missing, not a share, or does not work.
    """
    mount = find_mount(path, types)
    return VerifiedShare(mount, use(path, on_start=on_start))


def find_mount(path: str, types: Sequence[str]) -> Mount:
    """The share that is mounted at exactly this path. Never hangs, as it does not touch the share.

    :raises ContentShareError: when nothing or something else is mounted there.
    """
    mount = mounted_at(path)
    if mount is None:
        raise ContentShareError(
            f"The content share is not mounted at {path}.",
            expected=f"a mount at {path} of type {' or '.join(types)}",
            found="a folder of the container, which is lost with the container, or nothing",
            remedy=MOUNT_COMMAND.format(path=path) + "\n"
            "If the app already has this mount, the next command shows InvalidCredentials for a "
            f"wrong key, and InvalidShare for a wrong name:\n{SHOW_MOUNTS}\n"
            f"or, when findmnt -t {','.join(types)} shows it at another folder, set "
            "KOLIBRI_AZURE_CONTENT_MOUNT to that.",
            code="share-not-mounted",
        )
    if mount.type not in types:
        raise ContentShareError(
            f"The mount at {path} is not a share.",
            expected=f"type {' or '.join(types)}",
            found=f"type {mount.type}, source {mount.source}",
            remedy=MOUNT_COMMAND.format(path=path) + "\n"
            f"or, when {mount.type} is right here, set "
            f"KOLIBRI_AZURE_MOUNT_TYPES={','.join([*types, mount.type])}",
            code="share-wrong-type",
        )
    if mount.read_only:
        raise _read_only(path, f"it is mounted read-only, source {mount.source}")
    return mount


def use(
    path: str, marker: str | None = None, on_start: Callable[[], None] = probe.do_nothing
) -> Measurements:
    """Write, read and delete a small file, within a deadline.

    :raises ContentShareError: when that fails; transient when the share may come back.
    """
    with share_errors(path):
        return probe.touch(path, marker, on_start)


@contextlib.contextmanager
def share_errors(path: str) -> Iterator[None]:
    """Turn a probe's exceptions into errors for the administrator."""
    try:
        yield
    except ProbeTimeoutError as error:
        raise ContentShareError(
            f"The share at {path} hangs.",
            expected="a file written, read and deleted in well under a second",
            found=str(error),
            remedy=f"{SHOW_ACCOUNT_STATUS}\n"
            "Check port 445 between the app's network and the account; after a failover of the "
            f"account: {RESTART}",
            code="share-hangs",
            transient=True,
        ) from error
    except OSError as error:
        raise explain(path, error) from error


def explain(path: str, error: OSError) -> ContentShareError:
    """The error for the administrator that explains an OSError on the share."""
    reason = error.strerror or str(error)
    if error.errno == errno.EROFS:
        return _read_only(path, reason)
    if error.errno in (errno.EACCES, errno.EPERM):
        return ContentShareError(
            f"Kolibri has no write access to the share at {path}.",
            expected="a share that this process may read and write",
            found=reason,
            remedy="Give the user that runs Kolibri write access; on App Service, "
            "mount the share with the account's current key:\n" + MOUNT_COMMAND.format(path=path),
            code="share-no-access",
        )
    if error.errno in NO_ROOM:
        return ContentShareError(
            f"The share at {path} is full.",
            expected="room for content",
            found=reason,
            remedy=GROW_SHARE,
            code="share-full",
        )
    return ContentShareError(
        f"The share at {path} does not work.",
        expected="a file written, read and deleted",
        found=reason,
        remedy=f"Mount it again: {RESTART}\nIf that does not help: {SHOW_ACCOUNT_STATUS}",
        code="share-dead",
        transient=True,
    )


def _read_only(path: str, found: str) -> ContentShareError:
    return ContentShareError(
        f"The share at {path} is read-only.",
        expected="a share mounted for reading and writing",
        found=found,
        remedy=MOUNT_COMMAND.format(path=path),
        code="share-read-only",
    )
