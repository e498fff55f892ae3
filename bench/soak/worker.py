"""One kind of work of a soak, in separate threads."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Callable

from bench.soak.progress import Progress
from bench.soak.site import Site


class Worker:
    """Works until its goal is reached, or it is stopped.

    :param goal: how much work of this kind there is to do.
    """

    def __init__(self, site: Site, progress: Progress, goal: int) -> None:
        self._site = site
        self._progress = progress
        self._goal = goal
        self._stopped = threading.Event()
        self.failures: list[str] = []
        self._threads = [threading.Thread(target=each, daemon=True) for each in self._tasks()]

    def _tasks(self) -> Sequence[Callable[[], None]]:
        """The function of each thread."""
        raise NotImplementedError

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._stopped.set()
        for thread in self._threads:
            thread.join()

    @property
    def running(self) -> bool:
        return any(thread.is_alive() for thread in self._threads)
