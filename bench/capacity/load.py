"""The load's own process: children as told by lines of JSON, results as lines of JSON.

    python -m bench.capacity.load

Secrets arrive on stdin, so no list of processes shows them. The process ends when stdin does.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

import gevent
import locust.stats
from gevent.fileobject import FileObjectThread
from locust.env import Environment
from locust.html import get_html_report
from locust.stats import RequestStats, stats_history

from bench.capacity.children import VIDEO, Child, School
from bench.capacity.connections import allow_many_connections
from bench.capacity.rounds import name_of, sign_in

#: The percentiles of the charts.
locust.stats.PERCENTILES_TO_CHART = [0.5, 0.95]


class Load:
    """A run of locust, phase by phase."""

    def __init__(self, url: str, web_port: int) -> None:
        self.environment = Environment(user_classes=[Child], host=url)
        self.environment.events.request.add_listener(self._note)
        self._runner = self.environment.create_local_runner()
        self._web = self.environment.create_web_ui("127.0.0.1", web_port) if web_port else None
        gevent.spawn(stats_history, self._runner)
        self._history: list[dict[str, Any]] = []
        self._phase, self._videos = RequestStats(), RequestStats()
        self._signing_in = name_of(sign_in(passwords=bool(Child.school.password))[-1])

    def storm(self, children: list[dict[str, Any]], seconds: float) -> dict[str, Any]:
        """All children sign in, evenly over `seconds`, and begin their lesson."""
        Child.school.admit(children)
        # locust forgets the charts of a run when the next one begins.
        self._history += self.environment.stats.history
        began = self._begin_phase()
        self._runner.start(len(children), max(len(children) / seconds, 1e-3))
        gevent.sleep(seconds)
        return self._end_phase(began)

    def lesson(self, seconds: float) -> dict[str, Any]:
        """The lesson goes on."""
        began = self._begin_phase()
        gevent.sleep(seconds)
        return self._end_phase(began)

    def rest(self) -> dict[str, Any]:
        """All children leave."""
        self._runner.stop()
        return {}

    def report(self, file: str) -> dict[str, Any]:
        """Write locust's page with the charts of all phases."""
        stats = self.environment.stats
        stats.history = self._history + stats.history
        Path(file).write_text(get_html_report(self.environment), encoding="utf-8")
        return {}

    def _begin_phase(self) -> float:
        self._phase, self._videos = RequestStats(), RequestStats()
        self._runner.cpu_warning_emitted = False
        return time.monotonic()

    def _end_phase(self, began: float) -> dict[str, Any]:
        pages, videos = self._phase, self._videos
        failures = [*pages.errors.values(), *videos.errors.values()]
        return {
            "seconds": time.monotonic() - began,
            "learners": self._runner.user_count,
            "requests": pages.total.num_requests,
            "p50": pages.total.get_response_time_percentile(0.5),
            "p95": pages.total.get_response_time_percentile(0.95),
            "sign_ins": pages.get(self._signing_in, "POST").num_requests,
            "is_busy": self._runner.cpu_warning_emitted,
            "pieces": videos.total.num_requests,
            "failures": {
                f"{each.method} {each.name}: {each.error}": each.occurrences for each in failures
            },
            "p95_of": {
                f"{entry.method} {entry.name}": entry.get_response_time_percentile(0.95)
                for entry in pages.entries.values()
            },
        }

    def _note(
        self,
        request_type: str,
        name: str,
        response_time: float,
        response_length: int,
        exception: BaseException | None,
        **_others: Any,
    ) -> None:
        stats = self._videos if name == VIDEO else self._phase
        stats.log_request(request_type, name, response_time, response_length)
        if exception is not None:
            stats.log_error(request_type, name, exception)


def main() -> None:
    allow_many_connections()
    lines = iter(FileObjectThread(sys.stdin.buffer, "rb", close=False))
    begun = json.loads(next(lines))
    Child.school = School(**begun["school"])
    load = Load(begun["url"], begun["web_port"])
    for line in lines:
        order = json.loads(line)
        answer = getattr(load, order.pop("do"))(**order)
        print(json.dumps(answer), flush=True)
    load.rest()


if __name__ == "__main__":
    main()
