"""Lets imports survive an outage of the share: the failed step is repeated once it is back.

Kolibri retries downloads from Studio and from other Kolibri servers. But a file that can't be
written to the share fails the whole import, and a file "not found" there is skipped silently.
"""

from __future__ import annotations

import errno
import gc
import hashlib
import os
from typing import Any, Callable

from kolibri_azure_plugin.content.channels.coercion import MAX_INTEGER
from kolibri_azure_plugin.content.channels.retrying import require_mount, retry_import_step
from kolibri_azure_plugin.content.replacing import never_cancelled
from kolibri_azure_plugin.wrapping import wraps


def retry_files(start: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap `_start_file_transfer`, which runs in several threads."""

    @wraps(start)
    def with_retries(manager: Any, file: dict[str, Any]) -> Any:
        def transfer() -> Any:
            result = start(manager, file)
            _require_complete_file(manager, file)
            return result

        return retry_import_step(
            transfer,
            **_where(manager),
            check_cancelled=lambda: _cancel_transfer_if(manager.is_cancelled()),
        )

    return with_retries


def release_connections(run: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap `run`, and close its connections to the database and to the source afterwards.

    A thread's connection to the database closes when the last reference to the thread is gone. A
    traceback may keep some open until the next import ends.

    Kolibri leaves ten idle connections to another Kolibri open. That server closes those after
    10 seconds. Meanwhile it keeps no others alive, and Kolibri takes a server that ends a
    connection after its answer for one that does not exist: a retry would fail.
    """

    @wraps(run)
    def run_and_release(manager: Any) -> Any:
        try:
            return run(manager)
        finally:
            manager.executor = manager.exception = None
            manager.future_file_transfers = {}
            gc.collect()
            if session := getattr(manager, "session", None):
                session.close()

    return run_and_release


def retry_database(transfer: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap `do_channel_database_import`, which imports a database before the channel's files."""

    @wraps(transfer)
    def with_retries(manager: Any) -> Any:
        def start_over() -> Any:
            manager.update_progress(increment=-manager.channel_database_transferred_bytes)
            manager.channel_database_transferred_bytes = 0
            return transfer(manager)

        return retry_import_step(
            start_over, **_where(manager), check_cancelled=manager.check_for_cancel
        )

    return with_retries


def retry_channel(transfer: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap `transfer_channel`, which imports a channel's database alone."""

    @wraps(transfer)
    def with_retries(*arguments: Any, **named: Any) -> Any:
        job = _current_job()
        return retry_import_step(
            lambda: transfer(*arguments, **named),
            folder=named.get("content_dir") or content_folder(),
            source=named.get("source_path"),
            job=job,
            check_cancelled=job.check_for_cancel if job else never_cancelled,
        )

    return with_retries


def retry_free_space(free_space: Callable[..., int]) -> Callable[..., int]:
    """Wrap `get_free_space`, which measures the container's disk when the share is not mounted."""

    @wraps(free_space)
    def free_space_with_retries(path: str) -> int:
        def measure() -> int:
            try:
                os.stat(path)
            except FileNotFoundError:
                require_mount(path)
            return free_space(path)

        job = _current_job()
        return retry_import_step(
            measure,
            folder=path,
            source=None,
            job=job,
            check_cancelled=job.check_for_cancel if job else never_cancelled,
        )

    return free_space_with_retries


def _where(manager: Any) -> dict[str, Any]:
    """The folder that an import manager writes to, the drive that it reads, and its task."""
    return {
        "folder": manager.content_dir or content_folder(),
        "source": getattr(manager, "path", None),
        "job": manager.job,
    }


def _require_complete_file(manager: Any, file: dict[str, Any]) -> None:
    """Check a transferred file. Kolibri ignores a "not found" when it renames a finished file.

    :raises OSError: when the file is missing or incomplete.
    :raises ContentShareError: when it was written to a folder of the container.
    """
    from kolibri.core.content.utils import paths

    name = paths.get_content_file_name(file)
    path = paths.get_content_storage_file_path(name, contentfolder=manager.content_dir)
    require_mount(path)
    size = os.stat(path).st_size
    if min(size, MAX_INTEGER) != file["file_size"] and _digest(path) != file["id"]:
        raise OSError(errno.EIO, "a file arrived incomplete", path)


def _digest(path: str) -> str:
    digest = hashlib.md5(usedforsecurity=False)
    with open(path, "rb") as content:
        while block := content.read(2**20):
            digest.update(block)
    return digest.hexdigest()


def _cancel_transfer_if(cancelled: bool) -> None:
    """Cancel a transfer from within its thread, as Kolibri does."""
    from kolibri.utils.file_transfer import TransferCanceled

    if cancelled:
        raise TransferCanceled("The transfer was canceled.")


def _current_job() -> Any:
    from kolibri.core.tasks.utils import get_current_job

    return get_current_job()


def content_folder() -> str:
    """Kolibri's content folder, which is on the share."""
    from kolibri.utils import conf

    folder: str = conf.OPTIONS["Paths"]["CONTENT_DIR"]
    return folder
