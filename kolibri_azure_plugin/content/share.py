"""Verifies the folder that Kolibri keeps its content in."""

from __future__ import annotations

import contextlib
import dataclasses
import errno
from collections.abc import Iterator, Sequence

from kolibri_azure_plugin.content import probe
from kolibri_azure_plugin.content.mounts import Mount, mounted_at
from kolibri_azure_plugin.content.probe import Measurements, ProbeHangsError
from kolibri_azure_plugin.errors import ContentShareError

MOUNT_COMMAND = (
    "az webapp config storage-account add -g GROUP -n APP --custom-id MOUNT_NAME "
    "--storage-type AzureFiles --account-name ACCOUNT --share-name SHARE "
    "--access-key @FILE --mount-path {path}"
)

#: Says of each mount of an app whether its key and its share are right; shows no key.
STATES_OF_MOUNTS = (
    "az webapp config storage-account list -g GROUP -n APP "
    "--query '[].[value.mountPath, value.shareName, value.state]' -o table"
)
STATE_OF_ACCOUNT = "az storage account show -n ACCOUNT --query statusOfPrimary"

#: What the operating system says where there is no room, which no waiting makes.
NO_ROOM = (errno.ENOSPC, errno.EDQUOT)

GROW_SHARE = "az storage share-rm update -g GROUP --storage-account ACCOUNT -n SHARE --quota GIB"


@dataclasses.dataclass(frozen=True)
class VerifiedShare:
    """A share that works, with what was measured on the way."""

    mount: Mount
    measurements: Measurements


def verify(path: str, types: Sequence[str]) -> VerifiedShare:
    """Make sure that a share is mounted at exactly this path, and that it works.

    :param types: file system types that count as a share.
    :raises ContentShareError: when it is not there, not a share, or does not work.
    """
    mount = find_mount(path, types)
    return VerifiedShare(mount, use(path))


def find_mount(path: str, types: Sequence[str]) -> Mount:
    """The share that is mounted at exactly this path. Never hangs: the share is not touched.

    :raises ContentShareError: when nothing is mounted there, or something else.
    """
    mount = mounted_at(path)
    if mount is None:
        raise ContentShareError(
            f"The content share is not mounted at {path}.",
            expected=f"a mount at {path} of type {' or '.join(types)}",
            found="a folder of the container, which is lost with the container, or nothing",
            remedy=MOUNT_COMMAND.format(path=path) + "\n"
            "Where the app has this mount already, the next command says InvalidCredentials of a "
            f"wrong key, and InvalidShare of a wrong name:\n{STATES_OF_MOUNTS}\n"
            f"or, when findmnt -t {','.join(types)} shows it at another folder, set "
            "KOLIBRI_AZURE_CONTENT_MOUNT to that.",
            code="share-not-mounted",
        )
    if mount.type not in types:
        raise ContentShareError(
            f"What is mounted at {path} is not a share.",
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


def use(path: str, marker: str | None = None) -> Measurements:
    """Write, read and delete a small file, within a deadline.

    :raises ContentShareError: when that fails; a share that hangs may come back.
    """
    with share_errors(path):
        return probe.touch(path, marker)


@contextlib.contextmanager
def share_errors(path: str) -> Iterator[None]:
    """Turn what a probe of the share raises into what an administrator can use."""
    try:
        yield
    except ProbeHangsError as error:
        raise ContentShareError(
            f"The share at {path} hangs.",
            expected="a file written, read and deleted in well under a second",
            found=str(error),
            remedy=f"{STATE_OF_ACCOUNT}\n"
            "Check port 445 between the app's network and the account; after a failover of the "
            "account: az webapp restart -g GROUP -n APP",
            code="share-hangs",
            transient=True,
        ) from error
    except OSError as error:
        raise explain(path, error) from error


def explain(path: str, error: OSError) -> ContentShareError:
    """What it means for an administrator that the operating system refused something there."""
    reason = error.strerror or str(error)
    if error.errno == errno.EROFS:
        return _read_only(path, reason)
    if error.errno in (errno.EACCES, errno.EPERM):
        return ContentShareError(
            f"Kolibri may not write to the share at {path}.",
            expected="a share that this process may read and write",
            found=reason,
            remedy="Give the user that runs Kolibri the right to write there; on App Service, "
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
        remedy="Mount it anew: az webapp restart -g GROUP -n APP\n"
        f"If it stays so: {STATE_OF_ACCOUNT}",
        code="share-dead",
        transient=True,
    )


def _read_only(path: str, found: str) -> ContentShareError:
    return ContentShareError(
        f"The share at {path} can't be written.",
        expected="a share mounted for reading and writing",
        found=found,
        remedy=MOUNT_COMMAND.format(path=path),
        code="share-read-only",
    )
