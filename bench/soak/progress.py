"""The progress of a soak, kept in a file so that it can be resumed."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

KINDS = ("requests", "syncs", "jobs")


class Progress:
    """The finished work of each kind, over all runs.

    :param goals: the total work of each kind; all kinds progress at the same pace.
    """

    def __init__(self, file: Path, goals: dict[str, int]) -> None:
        self._file = file
        self._lock = threading.Lock()
        self.goals = goals
        self.data: dict[str, Any] = {"done": dict.fromkeys(KINDS, 0), "broken": 0, "runs": []}
        if file.exists():
            self.data.update(json.loads(file.read_text()))

    @property
    def done(self) -> dict[str, int]:
        return dict(self.data["done"])

    @property
    def complete(self) -> bool:
        return all(self.is_done(kind) for kind in KINDS)

    def is_done(self, kind: str) -> bool:
        return self.data["done"][kind] >= self.goals[kind]

    def is_ahead(self, kind: str) -> bool:
        """True if the other kinds should catch up first."""
        return self.share(kind) > min(self.share(other) for other in KINDS) + 0.01

    def share(self, kind: str) -> float:
        return self.data["done"][kind] / self.goals[kind] if self.goals[kind] else 1.0

    def add(self, kind: str, count: int = 1) -> None:
        with self._lock:
            self.data["done"][kind] += count

    def add_broken_sync(self) -> None:
        with self._lock:
            self.data["broken"] += 1

    def save(self, **more: Any) -> None:
        with self._lock:
            self.data.update(more)
            written = self._file.with_suffix(".new")
            written.write_text(json.dumps(self.data, indent=1))
            written.replace(self._file)
