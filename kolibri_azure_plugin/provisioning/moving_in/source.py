"""The Kolibri home that is to move in, whatever its form. Nothing changes it."""

from __future__ import annotations

import contextlib
from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import IO, Callable

#: How far below PATH the home may be: a home was often copied or packed with its parent folders.
MAX_DEPTH = 3

CHUNK = 1 << 20

#: Called with each number of bytes that were copied.
OnBytes = Callable[[int], None]


class Source(ABC):
    """The home at a path.

    :param path: as it was typed.
    """

    def __init__(self, path: str) -> None:
        self.path = path

    @abstractmethod
    def sizes(self) -> dict[str, int]:
        """The bytes of each file that has to be copied, by its name in the home."""

    @abstractmethod
    def state(self) -> object:
        """Differs after a program has written to one of these files, even if its size is the same.

        SQLite often writes within a file.
        """

    @abstractmethod
    def copy_to(self, folder: str, on_bytes: OnBytes) -> None:
        """Copy these files."""

    @abstractmethod
    def content(self, scratch: str, options_file: str) -> Content | None:
        """Its channels; None if there are none.

        :param scratch: an empty folder for what can't be read in place.
        :param options_file: the copy of the home's options.ini.
        """


class Content(ABC):
    """A home's channels, as a folder from which Kolibri can import."""

    @abstractmethod
    def databases(self) -> str:
        """The folder with the database of each channel."""

    @abstractmethod
    def room_for(self, names: set[str]) -> int:
        """The bytes that these files take while they are read, if not in place."""

    @abstractmethod
    @contextlib.contextmanager
    def with_files(self, names: set[str]) -> Iterator[str]:
        """The parent of a folder named content, which has these files while the block runs."""


def write(file: IO[bytes], target: str, on_bytes: OnBytes) -> None:
    """Copy an open file, in pieces."""
    with open(target, "wb") as copy:
        while piece := file.read(CHUNK):
            copy.write(piece)
            on_bytes(len(piece))
