"""Connects to a share's server directly, to tell apart faults that look the same on the mount.

When the server refuses connections, is gone, or rejects the account's key, the kernel reports the
same for each: "host is down", or nothing at all.
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
from kolibri_azure_plugin.content.share import SHOW_ACCOUNT_STATUS
from kolibri_azure_plugin.errors import ContentShareError
from kolibri_azure_plugin.errors.remedies import RESTART

#: The server's port for each type of file system.
PORTS = {"cifs": 445, "smb3": 445, "nfs": 2049, "nfs4": 2049}

#: Seconds for one connection attempt. A server in the same region answers in milliseconds.
CONNECT_TIMEOUT = 2.0

#: ``//HOST/SHARE`` for SMB and ``HOST:/ACCOUNT/SHARE`` for NFS.
HOST = re.compile(r"//(?P<smb>[^/]+)/.*|(?P<nfs>[^/]+):/.*")

#: The errors of mount.cifs, which App Service does not show to the container.
WRONG_KEY_OR_NAME = "a wrong key (mount error 13), or a wrong share name (2)"
NO_ROUTE = "no route to the server (mount error 112 or 115)"


class ConnectResult(enum.Enum):
    """The outcome of a connection attempt. The value continues "HOST, port PORT, …"."""

    ACCEPTS = "accepts connections"
    REFUSES = "refuses connections"
    SILENT = "does not answer"
    UNRESOLVED = "does not resolve"


@dataclasses.dataclass(frozen=True)
class ServerAddress:
    """A server's host and port."""

    host: str
    port: int

    def try_connect(self) -> ConnectResult:
        """Open a connection, and close it again."""
        try:
            socket.create_connection((self.host, self.port), CONNECT_TIMEOUT).close()
        except ConnectionRefusedError:
            return ConnectResult.REFUSES
        except socket.gaierror:
            return ConnectResult.UNRESOLVED
        except OSError:
            return ConnectResult.SILENT
        return ConnectResult.ACCEPTS

    def __str__(self) -> str:
        return f"{self.host}, port {self.port},"


def server_address(mount: Mount) -> ServerAddress | None:
    """The address of a mount's server; None for a mount that is not on the network."""
    match = HOST.fullmatch(mount.source)
    if mount.type not in PORTS or not match:
        return None
    return ServerAddress(match["smb"] or match["nfs"], PORTS[mount.type])


@contextlib.contextmanager
def diagnose_share_errors(path: str) -> Iterator[None]:
    """Make an error of the share mounted here more precise, by trying to connect to its server."""
    try:
        yield
    except ContentShareError as error:
        mount = mounted_at(path)
        raise (_diagnosis(error, mount) if mount else error) from error


@contextlib.contextmanager
def explain_missing_mount(account_and_share: str) -> Iterator[None]:
    """Add a likely reason to a missing mount's error, by trying to connect to the server.

    :param account_and_share: ``ACCOUNT/SHARE``; when empty, the error stays as it is.
    """
    try:
        yield
    except ContentShareError as error:
        account = account_and_share.partition("/")[0]
        if error.code != "share-not-mounted" or not account:
            raise
        address = ServerAddress(
            account if "." in account else f"{account}.{FILE_SUFFIX}", PORTS["cifs"]
        )
        answer = address.try_connect()
        reason = WRONG_KEY_OR_NAME if answer is ConnectResult.ACCEPTS else NO_ROUTE
        raise _with_found(error, f"{error.found}; {address} {answer.value}: {reason}") from error


def _diagnosis(error: ContentShareError, mount: Mount) -> ContentShareError:
    if error.code == "share-no-access" and _can_be_read(mount.path):
        return _read_only(error, mount.path)
    address = server_address(mount)
    if address is None or error.code not in ("share-hangs", "share-dead", "share-no-access"):
        return error
    answer = address.try_connect()
    found = f"{error.found}; {address} {answer.value}"
    if answer is ConnectResult.REFUSES:
        return _refused(mount.path, found)
    if answer is not ConnectResult.ACCEPTS:
        return _unreachable(mount.path, found)
    if _is_key_rejected(error):
        return _key_rejected(mount.path, found)
    return _with_found(error, found)


def _with_found(error: ContentShareError, found: str) -> ContentShareError:
    return ContentShareError(
        error.failed,
        expected=error.expected,
        found=found,
        remedy=error.remedy,
        code=error.code,
        transient=error.transient,
    )


def _is_key_rejected(error: ContentShareError) -> bool:
    """True for the kernel's errors when a server that answers refuses to let it sign in again."""
    cause = error.__cause__
    return isinstance(cause, OSError) and cause.errno in (
        errno.EACCES,
        errno.EHOSTDOWN,
        errno.EKEYREJECTED,
    )


def _can_be_read(path: str) -> bool:
    try:
        return not probe.missing(path, ["."], probe.DEADLINE)
    except (probe.ProbeTimeoutError, OSError):
        return False


def _read_only(error: ContentShareError, path: str) -> ContentShareError:
    return ContentShareError(
        f"The share at {path} can be read, but not written to.",
        expected=error.expected,
        found=error.found,
        remedy=error.remedy,
        code="share-read-only",
    )


def _refused(path: str, found: str) -> ContentShareError:
    return ContentShareError(
        f"The server of the share at {path} refuses connections.",
        expected="a server that accepts them",
        found=found,
        remedy=f"{SHOW_ACCOUNT_STATUS}\nThe content is available again as soon as the server is.",
        code="share-refused",
        transient=True,
    )


def _unreachable(path: str, found: str) -> ContentShareError:
    return ContentShareError(
        f"The server of the share at {path} is gone.",
        expected="a server that answers",
        found=found,
        remedy=f"{SHOW_ACCOUNT_STATUS}\nCheck the route to it, such as a private endpoint or a "
        f"rule for the port; after a failover of the account: {RESTART}",
        code="share-gone",
        transient=True,
    )


def _key_rejected(path: str, found: str) -> ContentShareError:
    return ContentShareError(
        f"The server of the share at {path} no longer lets Kolibri in.",
        expected="the account's current key",
        found=found,
        remedy="Mount the share with the current key:\n" + share.MOUNT_COMMAND.format(path=path),
        code="share-key",
    )
