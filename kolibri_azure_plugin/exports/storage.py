"""Where uploads and exports are kept: Kolibri's media folder, through Django's setting for that."""

from __future__ import annotations

import contextlib
import os
import secrets
from typing import Any

from django.core.exceptions import SuspiciousFileOperation
from django.core.files.storage import FileSystemStorage

from kolibri_azure_plugin.content import replacing
from kolibri_azure_plugin.errors import ContentShareError
from kolibri_azure_plugin.exports.names import STORED, plain_name, storage_name

#: Beside the exports, on the same file system.
WRITTEN_IN = "temp"


class MediaStorage(FileSystemStorage):
    """Django's storage of files, in which exports have names that any file system takes.

    Kolibri asks for an export by the name that it has made of the facility's, in commands, jobs and
    views; all of them come through here.
    """

    def path(self, name: str) -> str:
        """The whole path of a file, wherever it is or would be kept."""
        path: str = super().path(storage_name(name))
        if storage_name(name) != name and not os.path.exists(path):
            return self._kept_before(name) or path
        return path

    def get_available_name(self, name: str, max_length: int | None = None) -> str:
        """The name for a new file. That of an export is free: what was there is replaced."""
        if STORED.fullmatch(name):
            return name
        folder, file = os.path.split(name)
        name = os.path.join(folder, plain_name(file))
        available: str = super().get_available_name(name, max_length)
        return available

    def delete(self, name: str) -> None:
        """Remove a file; the next export can have the name although somebody downloads this one."""
        if not STORED.fullmatch(name):
            super().delete(name)
            return
        with contextlib.suppress(FileNotFoundError):
            replacing.remove(self.path(name))

    def _save(self, name: str, content: Any) -> str:
        if not STORED.fullmatch(name):
            saved: str = super()._save(name, content)
            return saved
        name = storage_name(name)
        try:
            self._replace(name, content)
        except OSError as error:
            # Kolibri would write an OSError down beside a job, and call the job completed.
            raise ContentShareError(
                f"The export {name} could not be written.",
                expected=f"a folder that can be written to at {self.location}",
                found=str(error),
                remedy="kolibri manage azure_check",
                code="export-not-written",
            ) from error
        return name

    def _replace(self, name: str, content: Any) -> None:
        """Write a file elsewhere first, so that nobody ever finds half of it."""
        path = FileSystemStorage.path(self, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        written = self.path(super()._save(f"{WRITTEN_IN}/{secrets.token_hex(8)}.export", content))
        try:
            aside = replacing.move_into_place(lambda: os.replace(written, path), path)
        except BaseException:
            replacing.remove_if_possible(written)
            raise
        if aside is not None:
            replacing.remove_if_possible(aside)

    def _kept_before(self, name: str) -> str | None:
        """Where an export is that was made before names were changed."""
        try:
            path: str = super().path(name)
        except SuspiciousFileOperation:
            return None
        return path if os.path.isfile(path) else None
