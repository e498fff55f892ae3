"""Imports go on when the share was away: what failed is done again once it is back.

Kolibri tries again what fails on the way from Studio or from another Kolibri. What can't be written
to the share fails the whole import, and what "can't be found" there is left out without a word.
"""

from __future__ import annotations

import errno
import gc
import hashlib
import os
from typing import Any, Callable

from kolibri_azure_plugin.channels.fitting import LARGEST
from kolibri_azure_plugin.channels.perseverance import persevere, require_mount
from kolibri_azure_plugin.content.replacing import nobody_gives_up
from kolibri_azure_plugin.wrapping import wraps


def try_files_again(start: Callable[..., Any]) -> Callable[..., Any]:
    """Around `_start_file_transfer`, which runs in several threads."""

    @wraps(start)
    def patient(manager: Any, file: dict[str, Any]) -> Any:
        def transfer() -> Any:
            result = start(manager, file)
            _make_sure_it_arrived(manager, file)
            return result

        return persevere(
            transfer,
            **_where(manager),
            give_up=lambda: _end_transfer_if(manager.is_cancelled()),
        )

    return patient


def let_go_of_threads(run: Callable[..., Any]) -> Callable[..., Any]:
    """Around `run`: each thread that worked for it has a connection to the database.

    It ends with the thread's last trace. An error may keep some, until the next import ends.
    """

    @wraps(run)
    def letting_go(manager: Any) -> Any:
        try:
            return run(manager)
        finally:
            manager.executor = manager.exception = None
            manager.future_file_transfers = {}
            gc.collect()

    return letting_go


def try_database_again(transfer: Callable[..., Any]) -> Callable[..., Any]:
    """Around `do_channel_database_import`: a channel's database, where its files follow."""

    @wraps(transfer)
    def patient(manager: Any) -> Any:
        def begin_anew() -> Any:
            manager.update_progress(increment=-manager.channel_database_transferred_bytes)
            manager.channel_database_transferred_bytes = 0
            return transfer(manager)

        return persevere(begin_anew, **_where(manager), give_up=manager.check_for_cancel)

    return patient


def try_channel_again(transfer: Callable[..., Any]) -> Callable[..., Any]:
    """Around `transfer_channel`: a channel's database alone."""

    @wraps(transfer)
    def patient(*arguments: Any, **named: Any) -> Any:
        job = _current_job()
        return persevere(
            lambda: transfer(*arguments, **named),
            folder=named.get("content_dir") or content_folder(),
            source=named.get("source_path"),
            job=job,
            give_up=job.check_for_cancel if job else nobody_gives_up,
        )

    return patient


def measure_the_share(free_space: Callable[..., int]) -> Callable[..., int]:
    """Around `get_free_space`, which measures the container's disk where the share is away."""

    @wraps(free_space)
    def of_the_share(path: str) -> int:
        def measure() -> int:
            try:
                os.stat(path)
            except FileNotFoundError:
                require_mount(path)
            return free_space(path)

        job = _current_job()
        return persevere(
            measure,
            folder=path,
            source=None,
            job=job,
            give_up=job.check_for_cancel if job else nobody_gives_up,
        )

    return of_the_share


def _where(manager: Any) -> dict[str, Any]:
    """The folder that a manager of Kolibri's fills, the drive that it reads, and its task."""
    return {
        "folder": manager.content_dir or content_folder(),
        "source": getattr(manager, "path", None),
        "job": manager.job,
    }


def _make_sure_it_arrived(manager: Any, file: dict[str, Any]) -> None:
    """Kolibri takes a file for complete that it "can't find" when it is to get its final name.

    :raises OSError: when it is not there, or not whole.
    :raises ContentShareError: when it went into a folder of the container.
    """
    from kolibri.core.content.utils import paths

    name = paths.get_content_file_name(file)
    path = paths.get_content_storage_file_path(name, contentfolder=manager.content_dir)
    require_mount(path)
    size = os.stat(path).st_size
    if min(size, LARGEST) != file["file_size"] and _digest(path) != file["id"]:
        raise OSError(errno.EIO, "a file did not arrive whole", path)


def _digest(path: str) -> str:
    digest = hashlib.md5(usedforsecurity=False)
    with open(path, "rb") as content:
        while block := content.read(2**20):
            digest.update(block)
    return digest.hexdigest()


def _end_transfer_if(cancelled: bool) -> None:
    """End a transfer in its own thread as Kolibri ends it."""
    from kolibri.utils.file_transfer import TransferCanceled

    if cancelled:
        raise TransferCanceled("The transfer was canceled.")


def _current_job() -> Any:
    from kolibri.core.tasks.utils import get_current_job

    return get_current_job()


def content_folder() -> str:
    """The folder of all content: the share."""
    from kolibri.utils import conf

    folder: str = conf.OPTIONS["Paths"]["CONTENT_DIR"]
    return folder
