"""One kind of the work of a soak, in threads of its own."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Callable

from bench.soak.progress import Progress
from bench.soak.site import Site


class Worker:
    """Works until there is enough of its kind, or it is stopped.

    :param goal: of its kind, how much is enough.
    """

    def __init__(self, site: Site, progress: Progress, goal: int) -> None:
        self._site = site
        self._progress = progress
        self._goal = goal
        self._stopped = threading.Event()
        self.failures: list[str] = []
        self._threads = [threading.Thread(target=each, daemon=True) for each in self._tasks()]

    def _tasks(self) -> Sequence[Callable[[], None]]:
        """What each of the threads does."""
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
