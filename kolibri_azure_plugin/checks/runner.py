"""Runs checks side by side, each within its time, and none without what it requires."""

from __future__ import annotations

import dataclasses
import queue
import threading
import time
from collections.abc import Sequence
from typing import Callable

from kolibri_azure_plugin.checks.model import (
    Check,
    Outcome,
    Status,
    blocked,
    failed,
    failed_with,
    skipped,
)
from kolibri_azure_plugin.checks.subject import Subject
from kolibri_azure_plugin.errors import KolibriAzureError
from kolibri_azure_plugin.redaction import redact
from kolibri_azure_plugin.remedies import fill_in

#: Seconds between two looks at the clock.
TICK = 0.05


@dataclasses.dataclass(frozen=True)
class Pace:
    """How much a run asks of its machine at a time.

    :param at_once: the most checks that run side by side; 0: as many as there are.
    :param patience: how many times its own time each check may take.
    """

    at_once: int = 0
    patience: float = 1.0


#: For somebody who waits for the report.
HURRIED = Pace()

#: For a report that nobody waits for, by a process to which others are preferred.
UNHURRIED = Pace(at_once=1, patience=4.0)


@dataclasses.dataclass(frozen=True)
class Result:
    """A check with its outcome.

    :param duration_ms: how long it took.
    """

    check: Check
    outcome: Outcome
    duration_ms: float


def run(
    checks: Sequence[Check],
    subject: Subject,
    timeout: float,
    progress: Callable[[Result], None] = lambda _result: None,
    pace: Pace = HURRIED,
) -> list[Result]:
    """Every check with its result, in the order in which the checks are given.

    :param timeout: seconds for all together.
    :param progress: told of each result as it comes.
    """
    return _Run(checks, subject, timeout, progress, pace).results()


class _Run:
    """One run: what waits, what is under way and since when, and what has ended."""

    def __init__(
        self,
        checks: Sequence[Check],
        subject: Subject,
        timeout: float,
        progress: Callable[[Result], None],
        pace: Pace,
    ) -> None:
        self._checks = checks
        self._ids = {check.id for check in checks}
        self._subject = subject
        self._end = time.monotonic() + timeout
        self._progress = progress
        self._pace = pace
        self._waiting = {check.id: check for check in checks}
        self._running: dict[str, float] = {}
        self._ended: dict[str, Result] = {}
        self._finished: queue.Queue[tuple[Check, Outcome]] = queue.Queue()

    def results(self) -> list[Result]:
        while len(self._ended) < len(self._checks):
            self._settle_waiting()
            self._collect()
            self._give_up_on_late_ones()
        return [self._ended[check.id] for check in self._checks]

    def _settle_waiting(self) -> None:
        """Start what has all it needs, and skip what never will have."""
        for check in list(self._waiting.values()):
            earlier = [self._ended.get(name) for name in self._selected(check)]
            verdict = self._verdict(check)
            if verdict is not None:
                self._end_of(check, verdict, 0.0)
            elif all(earlier) and self._has_room():
                del self._waiting[check.id]
                self._running[check.id] = time.monotonic()
                threading.Thread(target=self._work, args=(check,), daemon=True).start()

    def _has_room(self) -> bool:
        return not self._pace.at_once or len(self._running) < self._pace.at_once

    def _verdict(self, check: Check) -> Outcome | None:
        """Why the check will not be run, if that is known already."""
        if self._subject.role not in check.roles:
            return skipped(f"does not apply where KOLIBRI_AZURE_ROLE is {self._subject.role}")
        for name in self._selected(check):
            result = self._ended.get(name)
            if result is not None and result.outcome.is_problem:
                return blocked(result.outcome.blocked_by or name)
            if result is not None and result.outcome.does_not_apply and name in check.requires:
                return skipped(f"does not apply, as {name} does not")
        return None

    def _selected(self, check: Check) -> list[str]:
        """What comes before the check; what was not selected is taken for granted."""
        return [name for name in (*check.requires, *check.after) if name in self._ids]

    def _work(self, check: Check) -> None:
        try:
            outcome = check.function(self._subject)
        except KolibriAzureError as error:
            outcome = failed_with(error)
        except BaseException as error:  # noqa: BLE001
            # Also SystemExit: a check that breaks is a result, and never the doctor's end.
            outcome = failed(
                "The check itself broke.",
                cause=redact(f"{type(error).__name__}: {error}"),
                remedy="Report it, with this line and the versions of Kolibri and the plugin.",
            )
        self._finished.put((check, outcome))

    def _collect(self) -> None:
        try:
            check, outcome = self._finished.get(timeout=TICK)
        except queue.Empty:
            return
        started = self._running.get(check.id)
        if started is not None:
            self._end_of(check, outcome, time.monotonic() - started)

    def _give_up_on_late_ones(self) -> None:
        now = time.monotonic()
        for check in self._checks:
            started = self._running.get(check.id)
            limit = check.limit(deep=self._subject.deep) * self._pace.patience
            if started is not None and (now - started > limit or now > self._end):
                self._end_of(check, _hangs(check, limit, now - started), now - started)

    def _end_of(self, check: Check, outcome: Outcome, seconds: float) -> None:
        self._waiting.pop(check.id, None)
        self._running.pop(check.id, None)
        if check.advisory and outcome.status is Status.FAIL:
            outcome = dataclasses.replace(outcome, status=Status.WARN)
        outcome = dataclasses.replace(outcome, remedy=fill_in(outcome.remedy))
        result = Result(check, outcome, round(seconds * 1000, 1))
        self._ended[check.id] = result
        self._progress(result)


def _hangs(check: Check, limit: float, seconds: float) -> Outcome:
    return failed(
        f"No answer within {seconds:.0f} seconds.",
        cause=f"what this check asks hangs; it may take {limit:g} s",
        remedy=f"kolibri manage azure_check --only {check.id} --timeout 60",
    )
