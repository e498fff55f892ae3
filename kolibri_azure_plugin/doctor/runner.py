"""Runs checks in parallel, each within its time limit, and after the checks that it requires."""

from __future__ import annotations

import dataclasses
import queue
import threading
import time
from collections.abc import Sequence
from typing import Callable

from kolibri_azure_plugin.doctor.check_context import CheckContext
from kolibri_azure_plugin.doctor.outcome import (
    Outcome,
    Status,
    blocked,
    failed,
    failed_with,
    skipped,
)
from kolibri_azure_plugin.doctor.registry import Check
from kolibri_azure_plugin.errors import KolibriAzureError
from kolibri_azure_plugin.errors.redaction import redact
from kolibri_azure_plugin.errors.remedies import fill_in

#: Seconds between two looks at the clock.
TICK = 0.05

#: Seconds to try with when a check has not answered within its limit.
PATIENCE = 60.0


@dataclasses.dataclass(frozen=True)
class Pace:
    """How much of its machine a run uses.

    :param max_parallel: the number of checks that run in parallel; 0 means all.
    :param timeout_factor: multiplies the time limit of each check.
    :param least_limit: seconds that each check may take in any case.
    """

    max_parallel: int = 0
    timeout_factor: float = 1.0
    least_limit: float = 0.0

    def limit(self, check: Check, *, deep: bool) -> float:
        """Seconds that a check may take."""
        return max(check.limit(deep=deep) * self.timeout_factor, self.least_limit)


#: For a person who waits for the report.
INTERACTIVE = Pace()

#: For a report that no one waits for. Other processes have priority.
BACKGROUND = Pace(max_parallel=1, timeout_factor=4.0)


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
    ctx: CheckContext,
    timeout: float,
    progress: Callable[[Result], None] = lambda _result: None,
    pace: Pace = INTERACTIVE,
) -> list[Result]:
    """Every check with its result, in the order of the checks.

    :param timeout: seconds for all checks together.
    :param progress: called with each result as it arrives.
    """
    return _Run(checks, ctx, timeout, progress, pace).results()


class _Run:
    """One run: the checks that wait, run and have ended."""

    def __init__(
        self,
        checks: Sequence[Check],
        ctx: CheckContext,
        timeout: float,
        progress: Callable[[Result], None],
        pace: Pace,
    ) -> None:
        self._checks = checks
        self._ids = {check.id for check in checks}
        self._ctx = ctx
        self._timeout = timeout
        self._end = time.monotonic() + timeout
        self._progress = progress
        self._pace = pace
        self._waiting = {check.id: check for check in checks}
        self._running: dict[str, float] = {}
        self._ended: dict[str, Result] = {}
        self._finished: queue.Queue[tuple[Check, Outcome]] = queue.Queue()

    def results(self) -> list[Result]:
        while len(self._ended) < len(self._checks):
            self._start_ready()
            self._collect()
            self._time_out_late()
        return [self._ended[check.id] for check in self._checks]

    def _start_ready(self) -> None:
        """Start the checks whose requirements are met, and skip those whose can't be."""
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
        return not self._pace.max_parallel or len(self._running) < self._pace.max_parallel

    def _verdict(self, check: Check) -> Outcome | None:
        """The outcome of a check that will not run, if that is clear already."""
        if self._ctx.role not in check.roles:
            return skipped(f"does not apply where KOLIBRI_AZURE_ROLE is {self._ctx.role}")
        if time.monotonic() > self._end:
            return _not_begun(self._timeout)
        for name in self._selected(check):
            result = self._ended.get(name)
            if result is not None and result.outcome.is_problem:
                return blocked(result.outcome.blocked_by or name)
            if result is not None and result.outcome.does_not_apply and name in check.requires:
                return skipped(f"does not apply, as {name} does not")
        return None

    def _selected(self, check: Check) -> list[str]:
        """The checks that come before this one. Unselected checks count as passed."""
        return [name for name in (*check.requires, *check.after) if name in self._ids]

    def _work(self, check: Check) -> None:
        try:
            outcome = check.function(self._ctx)
        except KolibriAzureError as error:
            outcome = failed_with(error)
        except BaseException as error:  # noqa: BLE001
            # SystemExit, too: a check that breaks is a result, and must not end the doctor.
            outcome = failed(
                "The check itself failed.",
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

    def _time_out_late(self) -> None:
        now = time.monotonic()
        for check in self._checks:
            started = self._running.get(check.id)
            limit = self._pace.limit(check, deep=self._ctx.deep)
            if started is not None and (now - started > limit or now > self._end):
                self._end_of(check, _gave_no_answer(check, limit, now - started), now - started)

    def _end_of(self, check: Check, outcome: Outcome, seconds: float) -> None:
        self._waiting.pop(check.id, None)
        self._running.pop(check.id, None)
        if check.advisory and outcome.status is Status.FAIL:
            outcome = dataclasses.replace(outcome, status=Status.WARN)
        outcome = dataclasses.replace(outcome, remedy=fill_in(outcome.remedy))
        result = Result(check, outcome, round(seconds * 1000, 1))
        self._ended[check.id] = result
        self._progress(result)


def _not_begun(timeout: float) -> Outcome:
    return skipped(
        f"not examined, because the {timeout:g} s for all checks were over; "
        f"for more, run: kolibri manage azure_check --timeout {2 * timeout:g}"
    )


def _gave_no_answer(check: Check, limit: float, seconds: float) -> Outcome:
    longer = max(PATIENCE, 2 * limit)
    hangs = f"the service that this check examines hangs; the limit is {limit:g} s"
    cut_short = f"the time for all checks was over before this check's own limit of {limit:g} s"
    return failed(
        f"No answer within {seconds:.0f} s.",
        cause=hangs if seconds > limit else cut_short,
        remedy=f"kolibri manage azure_check --only {check.id} --timeout {longer:g}",
    )
