"""Measures how long something takes."""

from __future__ import annotations

import time


class Stopwatch:
    """Starts when it is created."""

    def __init__(self) -> None:
        self._started = time.perf_counter()

    def milliseconds(self, digits: int = 1) -> float:
        """Milliseconds since the start, rounded."""
        return round((time.perf_counter() - self._started) * 1000, digits)
