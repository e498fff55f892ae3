"""The storage for uploads and exports in Kolibri's media folder, set as Django's default."""

from __future__ import annotations

import contextlib
import os
import secrets
from typing import Any

from django.core.exceptions import SuspiciousFileOperation
from django.core.files.storage import FileSystemStorage

from kolibri_azure_plugin.content import replacing
from kolibri_azure_plugin.errors import ContentShareError
from kolibri_azure_plugin.facility_data.exports.names import STORED, plain_name, storage_name

#: Next to the exports, on the same file system.
TEMP_FOLDER = "temp"


class MediaStorage(FileSystemStorage):
    """Django's file storage, with names for exports that any file system accepts.

    Kolibri's commands, jobs and views all use its own name for an export, made from the facility's.
    This class translates it.
    """

    def path(self, name: str) -> str:
        """The full path of a file, whether or not it exists."""
        path: str = super().path(storage_name(name))
        if storage_name(name) != name and not os.path.exists(path):
            return self._legacy_name(name) or path
        return path

    def get_available_name(self, name: str, max_length: int | None = None) -> str:
        """The name for a new file. A new export replaces an old one of the same name."""
        if STORED.fullmatch(name):
            return name
        folder, file = os.path.split(name)
        name = os.path.join(folder, plain_name(file))
        available: str = super().get_available_name(name, max_length)
        return available

    def delete(self, name: str) -> None:
        """Remove a file. An export's name is free at once, even during a download."""
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
            # After an OSError, Kolibri would record it but mark the job as completed.
            raise ContentShareError(
                f"The export {name} could not be written.",
                expected=f"a writable folder at {self.location}",
                found=str(error),
                remedy="kolibri manage azure_check",
                code="export-not-written",
            ) from error
        return name

    def _replace(self, name: str, content: Any) -> None:
        """Write a file elsewhere first, so that no download gets half of it."""
        path = FileSystemStorage.path(self, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        written = self.path(super()._save(f"{TEMP_FOLDER}/{secrets.token_hex(8)}.export", content))
        try:
            aside = replacing.move_into_place(lambda: os.replace(written, path), path)
        except BaseException:
            replacing.remove_if_possible(written)
            raise
        if aside is not None:
            replacing.remove_if_possible(aside)

    def _legacy_name(self, name: str) -> str | None:
        """The path of an export from before names were translated; None if there is none."""
        try:
            path: str = super().path(name)
        except SuspiciousFileOperation:
            return None
        return path if os.path.isfile(path) else None
