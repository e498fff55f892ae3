"""The progress of the work, as lines of JSON in a file, from which any shell can follow it."""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections.abc import Iterator
from typing import Any

#: Kinds of lines: the beginning, a new step, how far it is, something to read, the end.
STARTED, STEP, DONE, SAID, ENDED = "started", "step", "done", "said", "ended"

#: Seconds between two lines about the same step.
INTERVAL = 0.5


class ProgressFile:
    """The file, as the work writes it.

    A reader that follows an earlier work has the earlier file open, because each work writes to a
    new one under the same name.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._file = open(f"{path}.new", "w", encoding="utf-8")  # noqa: SIM115 - open until the end
        self._done = 0
        self._written = 0.0

    def start(self, **about: Any) -> None:
        """Say what the work is, and let readers see the file."""
        self._write(STARTED, **about)
        os.replace(f"{self._path}.new", self._path)

    def say(self, text: str) -> None:
        """Something to read."""
        self._write(SAID, text=text)

    @contextlib.contextmanager
    def step(self, title: str, total: int = 0, unit: str = "") -> Iterator[ProgressFile]:
        """One step of the work; :meth:`advance` and :meth:`set` say how far it is.

        :param total: 0 if it is unknown.
        :param unit: "B" for bytes, otherwise a noun.
        """
        self._done = 0
        self._write(STEP, title=title, total=total, unit=unit)
        yield self
        self._write(DONE, done=self._done, finished=True)

    def continue_as(self, title: str) -> None:
        """The second part of a step, of unknown length."""
        self._done = 0
        self._write(STEP, title=title, total=0, unit="")

    def advance(self, number: int) -> None:
        """So much more is done."""
        self.set(self._done + number)

    def set(self, done: int, total: int | None = None) -> None:
        """So much is done in all; `total` corrects the step's."""
        self._done = done
        if time.monotonic() >= self._written + INTERVAL:
            self._write(DONE, done=done, **({} if total is None else {"total": total}))

    def end(self, *, error: str = "") -> None:
        """The last line."""
        self._write(ENDED, error=error)
        self._file.close()

    def _write(self, kind: str, **what: Any) -> None:
        self._written = time.monotonic()
        self._file.write(json.dumps({"kind": kind, **what}) + "\n")
        self._file.flush()
