"""A Kolibri home in a folder, which is read in place."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator

from kolibri_azure_plugin.provisioning.moving_in.files_of_home import (
    CONTENT,
    COPIED,
    DATABASE,
    OPTIONS_FILE,
    content_folder,
)
from kolibri_azure_plugin.provisioning.moving_in.source import (
    MAX_DEPTH,
    Content,
    OnBytes,
    Source,
    write,
)
from kolibri_azure_plugin.provisioning.moving_in.source_errors import explained, not_a_home


class FolderSource(Source):
    """A home in a folder."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.home = _home_below(path)

    def sizes(self) -> dict[str, int]:
        return {name: size for name, (size, _) in self.state().items()}

    def state(self) -> dict[str, tuple[int, int]]:
        found = {}
        with explained(self.path):
            for name in COPIED:
                # SQLite may remove a journal at any moment.
                with contextlib.suppress(FileNotFoundError):
                    about = os.stat(os.path.join(self.home, name))
                    found[name] = about.st_size, about.st_mtime_ns
        return found

    def copy_to(self, folder: str, on_bytes: OnBytes) -> None:
        with explained(self.path):
            for name in self.sizes():
                path = os.path.join(self.home, name)
                # The caller notices that a journal is gone.
                if name == DATABASE or os.path.exists(path):
                    with open(path, "rb") as file:
                        write(file, os.path.join(folder, name), on_bytes)

    def content(self, scratch: str, options_file: str) -> Content | None:
        with explained(self.path):
            # A folder on a share that is gone looks like a missing folder.
            os.stat(self.home)
        folder = content_folder(self.home, options_file)
        return FolderContent(folder, scratch) if folder else None


class FolderContent(Content):
    """Channels in a folder, which is read in place."""

    def __init__(self, folder: str, scratch: str) -> None:
        self._folder, self._scratch = folder, scratch

    def databases(self) -> str:
        return os.path.join(self._folder, "databases")

    def room_for(self, names: set[str]) -> int:  # noqa: ARG002
        return 0

    @contextlib.contextmanager
    def with_files(self, names: set[str]) -> Iterator[str]:  # noqa: ARG002 - all of them are there
        # Kolibri expects the name `content`, and would make a folder that is missing in it.
        there = os.path.join(self._scratch, CONTENT)
        if not os.path.isdir(there):
            os.makedirs(there)
            for name in ("databases", "storage"):
                folder = os.path.join(self._folder, name)
                if os.path.isdir(folder):
                    os.symlink(os.path.abspath(folder), os.path.join(there, name))
        yield self._scratch


def _home_below(path: str) -> str:
    """The uppermost folder with a database, PATH itself first."""
    level = [path]
    for _ in range(MAX_DEPTH):
        homes = [each for each in level if os.path.isfile(os.path.join(each, DATABASE))]
        if homes:
            return min(homes)
        level = [each.path for folder in level for each in os.scandir(folder) if each.is_dir()]
    others = [name for name in (OPTIONS_FILE, CONTENT) if os.path.exists(f"{path}/{name}")]
    found = f"a folder without {DATABASE}" + (f", but with {', '.join(others)}" if others else "")
    raise not_a_home(path, found)
