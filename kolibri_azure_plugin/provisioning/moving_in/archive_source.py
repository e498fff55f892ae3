"""A Kolibri home in a zip file or a tar file."""

from __future__ import annotations

import contextlib
import functools
import os
import shutil
import tarfile
import zipfile
from collections.abc import Iterable, Iterator
from typing import Any, Callable

from kolibri_azure_plugin.content.channels.file_names import STORED
from kolibri_azure_plugin.provisioning.moving_in import room
from kolibri_azure_plugin.provisioning.moving_in.files_of_home import (
    CHANNEL_DATABASE,
    CONTENT,
    COPIED,
    DATABASE,
)
from kolibri_azure_plugin.provisioning.moving_in.source import (
    MAX_DEPTH,
    Content,
    OnBytes,
    Source,
    write,
)
from kolibri_azure_plugin.provisioning.moving_in.source_errors import explained, not_a_home


class ArchiveSource(Source):
    """A home in a zip file or a tar file.

    Only files with known names leave the archive. Neither the archive's names nor those in the
    home's database become paths before they have been compared with what Kolibri expects.
    """

    def __init__(self, path: str, files: Callable[[str], Files]) -> None:
        super().__init__(path)
        self._files = files
        with explained(path):
            self._sizes = {name: size for name, size, _ in files(path)}
        self.home = self._find_home()

    def _find_home(self) -> str:
        homes = [os.path.dirname(name) for name in self._sizes if _base(name) == DATABASE]
        homes = [home for home in homes if home.count("/") < MAX_DEPTH]
        if not homes:
            raise not_a_home(self.path, f"an archive without {DATABASE}")
        return min(homes, key=lambda home: (home.count("/"), home))

    def sizes(self) -> dict[str, int]:
        inside = {name: _joined(self.home, name) for name in COPIED}
        return {name: self._sizes[full] for name, full in inside.items() if full in self._sizes}

    def state(self) -> object:
        return self.sizes()

    def copy_to(self, folder: str, on_bytes: OnBytes) -> None:
        self._extract({_joined(self.home, name): name for name in self.sizes()}, folder, on_bytes)

    def content(self, scratch: str, options_file: str) -> Content | None:  # noqa: ARG002
        folder = f"{CONTENT}/databases"
        databases = {
            name: f"{folder}/{_base(name)}"
            for name in self._sizes
            if CHANNEL_DATABASE.fullmatch(_base(name))
            and name == _joined(self.home, f"{folder}/{_base(name)}")
        }
        if not databases:
            return None
        purpose = "the databases of its channels"
        os.makedirs(scratch, exist_ok=True)
        room.require(scratch, self._size(databases), purpose, room.UNPACK)
        with room.explained(scratch, purpose, room.UNPACK):
            self._extract(databases, scratch)
        return ArchiveContent(self, scratch)

    def extract_files(self, names: set[str], folder: str) -> None:
        """Extract files of the content folder's storage."""
        with room.explained(folder, "the files of a channel", room.UNPACK):
            self._extract(self._stored(names), folder)

    def size_of_files(self, names: set[str]) -> int:
        """The bytes of these files, unpacked."""
        return self._size(self._stored(names))

    def _stored(self, names: set[str]) -> dict[str, str]:
        """The places of these files in the home, by their names in the archive.

        The names are from the home's database. One that is not of Kolibri's form is left out: it
        could lead to any folder.
        """
        known = [name for name in names if STORED.fullmatch(name)]
        wanted = [f"{CONTENT}/storage/{name[0]}/{name[1]}/{name}" for name in known]
        inside = {_joined(self.home, place): place for place in wanted}
        return {name: place for name, place in inside.items() if name in self._sizes}

    def _size(self, names: Iterable[str]) -> int:
        return sum(self._sizes[name] for name in names)

    def _extract(
        self, names: dict[str, str], folder: str, on_bytes: OnBytes = lambda _: None
    ) -> None:
        with explained(self.path):
            for name, _, opened in self._files(self.path):
                if name in names:
                    target = os.path.join(folder, names[name])
                    os.makedirs(os.path.dirname(target), exist_ok=True)
                    with opened() as file:
                        write(file, target, on_bytes)


class ArchiveContent(Content):
    """Channels in an archive, extracted one after the other."""

    def __init__(self, source: ArchiveSource, scratch: str) -> None:
        self._source, self._scratch = source, scratch

    def databases(self) -> str:
        return os.path.join(self._scratch, CONTENT, "databases")

    def room_for(self, names: set[str]) -> int:
        return self._source.size_of_files(names)

    @contextlib.contextmanager
    def with_files(self, names: set[str]) -> Iterator[str]:
        try:
            self._source.extract_files(names, self._scratch)
            yield self._scratch
        finally:
            storage = os.path.join(self._scratch, CONTENT, "storage")
            shutil.rmtree(storage, ignore_errors=True)


#: The name, size and opener of each file in an archive.
Files = Iterator[tuple[str, int, Callable[[], Any]]]


def files_of_zip(path: str) -> Files:
    with zipfile.ZipFile(path) as archive:
        for info in archive.infolist():
            if not info.is_dir():
                yield _plain(info.filename), info.file_size, functools.partial(archive.open, info)


def files_of_tar(path: str) -> Files:
    with tarfile.open(path) as archive:
        for info in archive:
            if info.isreg():
                yield _plain(info.name), info.size, functools.partial(archive.extractfile, info)


def _plain(name: str) -> str:
    """Without a leading ``./``, and with the separators of this system."""
    return name.replace("\\", "/").removeprefix("./")


def _joined(home: str, name: str) -> str:
    return f"{home}/{name}" if home else name


def _base(name: str) -> str:
    return name.rpartition("/")[2]
