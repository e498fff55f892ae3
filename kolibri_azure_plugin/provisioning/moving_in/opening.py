"""Recognises the form of the home that is to move in."""

from __future__ import annotations

import os
import tarfile
import zipfile

from kolibri_azure_plugin.provisioning.moving_in.archive_source import (
    ArchiveSource,
    files_of_tar,
    files_of_zip,
)
from kolibri_azure_plugin.provisioning.moving_in.folder_source import FolderSource
from kolibri_azure_plugin.provisioning.moving_in.source import Source
from kolibri_azure_plugin.provisioning.moving_in.source_errors import damaged, explained, not_a_home


def open_source(path: str) -> Source:
    """Recognise what PATH is.

    :raises MovingInError: when it is no Kolibri home.
    """
    with explained(path):
        os.stat(path)
        if os.path.isdir(path):
            return FolderSource(path)
        if zipfile.is_zipfile(path):
            return ArchiveSource(path, files_of_zip)
        if tarfile.is_tarfile(path):
            return ArchiveSource(path, files_of_tar)
    with open(path, "rb") as file:
        begins_like_zip = file.read(2) == b"PK"
    if begins_like_zip:
        raise damaged(path, "the directory at the end of the zip file is missing")
    raise not_a_home(path, "a file that is neither a zip file nor a tar file")
