"""Interruptions of instances during a sync, at a random request."""

from __future__ import annotations

import random
import threading
from typing import Callable

from devtools.syncing.cloud import Cloud, Instance
from devtools.syncing.round_robin import Exchange

#: The approximate number of requests in one school's sync.
LATEST = 40


class Interruption:
    """Waits for its request, then strikes once."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._left = random.randint(1, LATEST)
        self._lock = threading.Lock()
        #: What has happened, for people.
        self.happened = ""

    def _is_due(self) -> bool:
        with self._lock:
            self._left -= 1
            return self._left == 0

    def _instance(self, port: int) -> Instance:
        return next(each for each in self._cloud.instances if each.port == port)


class KilledAtRequest(Interruption):
    """Kills and restarts the instance that has just received a request."""

    def __init__(self, cloud: Cloud) -> None:
        super().__init__(cloud)
        cloud.front.on_request = self._on_request

    def _on_request(self, method: str, path: str, port: int) -> None:
        if self._is_due():
            self._instance(port).kill()
            self.happened = f"kill -9 at {method} {path.partition('?')[0]}"
            self._instance(port).restart()


class WorkersKilled(Interruption):
    """Kills the instance with the active workers while a school waits for a stage."""

    def __init__(self, cloud: Cloud) -> None:
        super().__init__(cloud)
        self._left = random.randint(1, LATEST // 10)
        cloud.front.on_answer = self._on_answer

    def _on_answer(self, exchange: Exchange) -> None:
        if exchange.stage_status == "pending" and self._is_due():
            instance = self._cloud.worker_instance()
            instance.kill()
            self.happened = f"kill -9 of the workers after {exchange}"
            instance.restart()


class Restarted(Interruption):
    """Restarts one instance after another gracefully, as for an update."""

    def __init__(self, cloud: Cloud) -> None:
        super().__init__(cloud)
        cloud.front.on_answer = self._on_answer

    def _on_answer(self, exchange: Exchange) -> None:
        if self._is_due():
            self.happened = f"both replaced after {exchange}"
            threading.Thread(target=self._replace, daemon=True).start()

    def _replace(self) -> None:
        for instance in self._cloud.instances:
            instance.stop()
            instance.restart()
            instance.wait_until_serving()


KINDS: dict[str, Callable[[Cloud], Interruption]] = {
    "killed at a request": KilledAtRequest,
    "workers killed": WorkersKilled,
    "replaced": Restarted,
}
