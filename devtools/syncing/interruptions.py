"""What happens to instances in the middle of a sync, at a request that nobody can foresee."""

from __future__ import annotations

import random
import threading
from typing import Callable

from devtools.syncing.cloud import Cloud, Instance
from devtools.syncing.round_robin import Exchange

#: The requests of one school's sync, about.
LATEST = 40


class Interruption:
    """Waits for its request, then does what it does, once."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._left = random.randint(1, LATEST)
        self._lock = threading.Lock()
        #: What has been done, for people.
        self.happened = ""

    def _is_time(self) -> bool:
        with self._lock:
            self._left -= 1
            return self._left == 0

    def _instance(self, port: int) -> Instance:
        return next(each for each in self._cloud.instances if each.port == port)


class KilledAtRequest(Interruption):
    """The instance that has just got a request is killed, and starts again."""

    def __init__(self, cloud: Cloud) -> None:
        super().__init__(cloud)
        cloud.front.on_request = self._on_request

    def _on_request(self, method: str, path: str, port: int) -> None:
        if self._is_time():
            self._instance(port).kill()
            self.happened = f"kill -9 at {method} {path.partition('?')[0]}"
            self._instance(port).start_again()


class WorkersKilled(Interruption):
    """The instance whose workers are at work is killed while a school waits for a stage."""

    def __init__(self, cloud: Cloud) -> None:
        super().__init__(cloud)
        self._left = random.randint(1, LATEST // 10)
        cloud.front.on_answer = self._on_answer

    def _on_answer(self, exchange: Exchange) -> None:
        if exchange.stage_status == "pending" and self._is_time():
            instance = self._cloud.workers_instance()
            instance.kill()
            self.happened = f"kill -9 of the workers after {exchange}"
            instance.start_again()


class Restarted(Interruption):
    """One instance after the other stops in good order, and starts again, as for an update."""

    def __init__(self, cloud: Cloud) -> None:
        super().__init__(cloud)
        cloud.front.on_answer = self._on_answer

    def _on_answer(self, exchange: Exchange) -> None:
        if self._is_time():
            self.happened = f"both replaced after {exchange}"
            threading.Thread(target=self._replace, daemon=True).start()

    def _replace(self) -> None:
        for instance in self._cloud.instances:
            instance.stop()
            instance.start_again()
            instance.wait_until_it_answers()


KINDS: dict[str, Callable[[Cloud], Interruption]] = {
    "killed at a request": KilledAtRequest,
    "workers killed": WorkersKilled,
    "replaced": Restarted,
}
