"""Knocks at the door of a share's server, and tells faults apart that look alike from the inside.

Where a server refuses, is gone, or no longer takes the account's key, the kernel says the same of
each: the host is down, or nothing at all.
"""

from __future__ import annotations

import contextlib
import dataclasses
import enum
import errno
import re
import socket
from collections.abc import Iterator

from kolibri_azure_plugin.cloud.files import FILE_SUFFIX
from kolibri_azure_plugin.content import probe, share
from kolibri_azure_plugin.content.mounts import Mount, mounted_at
from kolibri_azure_plugin.content.share import STATE_OF_ACCOUNT
from kolibri_azure_plugin.errors import ContentShareError
from kolibri_azure_plugin.remedies import RESTART

#: Where the servers of each type of file system listen.
PORTS = {"cifs": 445, "smb3": 445, "nfs": 2049, "nfs4": 2049}

#: Seconds for one knock. A server in the same region answers in milliseconds.
SECONDS = 2.0

#: ``//HOST/SHARE`` of SMB and ``HOST:/ACCOUNT/SHARE`` of NFS.
HOST = re.compile(r"//(?P<smb>[^/]+)/.*|(?P<nfs>[^/]+):/.*")

#: What mount.cifs would say, which App Service does not show to the container.
WRONG_KEY_OR_NAME = "a wrong key (mount error 13), or a wrong name of the share (2)"
NO_WAY = "no way to the server (mount error 112 or 115)"


class Answer(enum.Enum):
    """What a knock got, in words that follow the name of the host and the port."""

    TAKES = "takes connections"
    REFUSES = "refuses connections"
    SILENT = "does not answer"
    NO_NAME = "does not resolve"


@dataclasses.dataclass(frozen=True)
class Door:
    """Where a server listens."""

    host: str
    port: int

    def knock(self) -> Answer:
        """Open a connection, and say nothing."""
        try:
            socket.create_connection((self.host, self.port), SECONDS).close()
        except ConnectionRefusedError:
            return Answer.REFUSES
        except socket.gaierror:
            return Answer.NO_NAME
        except OSError:
            return Answer.SILENT
        return Answer.TAKES

    def __str__(self) -> str:
        return f"{self.host}, port {self.port},"


def door_of(mount: Mount) -> Door | None:
    """Where the server of a mount listens; None for what is on no network."""
    match = HOST.fullmatch(mount.source)
    if mount.type not in PORTS or not match:
        return None
    return Door(match["smb"] or match["nfs"], PORTS[mount.type])


@contextlib.contextmanager
def faults_told_apart(path: str) -> Iterator[None]:
    """What is wrong with a share that is mounted there, told apart by what its server says."""
    try:
        yield
    except ContentShareError as error:
        mount = mounted_at(path)
        raise (_diagnosis(error, mount) if mount else error) from error


@contextlib.contextmanager
def missing_mount_explained(account_and_share: str) -> Iterator[None]:
    """Why a share is not mounted, as far as the way to its server tells.

    :param account_and_share: ``ACCOUNT/SHARE``; nothing is said where it is empty.
    """
    try:
        yield
    except ContentShareError as error:
        account = account_and_share.partition("/")[0]
        if error.code != "share-not-mounted" or not account:
            raise
        door = Door(account if "." in account else f"{account}.{FILE_SUFFIX}", PORTS["cifs"])
        answer = door.knock()
        reason = WRONG_KEY_OR_NAME if answer is Answer.TAKES else NO_WAY
        raise _with(error, f"{error.found}; {door} {answer.value}: {reason}") from error


def _diagnosis(error: ContentShareError, mount: Mount) -> ContentShareError:
    if error.code == "share-no-access" and _can_be_read(mount.path):
        return _read_only(error, mount.path)
    door = door_of(mount)
    if door is None or error.code not in ("share-hangs", "share-dead", "share-no-access"):
        return error
    answer = door.knock()
    found = f"{error.found}; {door} {answer.value}"
    if answer is Answer.REFUSES:
        return _refused(mount.path, found)
    if answer is not Answer.TAKES:
        return _gone(mount.path, found)
    if _is_turned_away(error):
        return _turned_away(mount.path, found)
    return _with(error, found)


def _with(error: ContentShareError, found: str) -> ContentShareError:
    return ContentShareError(
        error.failed,
        expected=error.expected,
        found=found,
        remedy=error.remedy,
        code=error.code,
        transient=error.transient,
    )


def _is_turned_away(error: ContentShareError) -> bool:
    """True for what the kernel says when a server that answers does not let it sign in again."""
    cause = error.__cause__
    return isinstance(cause, OSError) and cause.errno in (
        errno.EACCES,
        errno.EHOSTDOWN,
        errno.EKEYREJECTED,
    )


def _can_be_read(path: str) -> bool:
    try:
        return not probe.missing(path, ["."], probe.DEADLINE)
    except (probe.ProbeHangsError, OSError):
        return False


def _read_only(error: ContentShareError, path: str) -> ContentShareError:
    return ContentShareError(
        f"The share at {path} can be read, but not written.",
        expected=error.expected,
        found=error.found,
        remedy=error.remedy,
        code="share-read-only",
    )


def _refused(path: str, found: str) -> ContentShareError:
    return ContentShareError(
        f"The server of the share at {path} refuses connections.",
        expected="a server that takes them",
        found=found,
        remedy=f"{STATE_OF_ACCOUNT}\nThe content is back by itself when the server is.",
        code="share-refused",
        transient=True,
    )


def _gone(path: str, found: str) -> ContentShareError:
    return ContentShareError(
        f"The server of the share at {path} is gone.",
        expected="a server that answers",
        found=found,
        remedy=f"{STATE_OF_ACCOUNT}\nCheck the way to it, such as a private endpoint or a rule "
        f"about the port; after a failover of the account: {RESTART}",
        code="share-gone",
        transient=True,
    )


def _turned_away(path: str, found: str) -> ContentShareError:
    return ContentShareError(
        f"The server of the share at {path} does not let Kolibri in any more.",
        expected="the account's current key",
        found=found,
        remedy="Mount the share with the current key:\n" + share.MOUNT_COMMAND.format(path=path),
        code="share-key",
    )
