"""The course of a run: learners visit while one part after another is killed."""

from __future__ import annotations

import collections
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass

from bench.chaos.faults import Fault
from bench.chaos.jobs import Administrator
from bench.chaos.visitors import Account, Failure, Visitors
from bench.performance.learners import OWN_USER, Learner


@dataclass(frozen=True)
class FaultOutcome:
    """The effects of a kill, until the next one.

    :param away: seconds until the fault itself started the victim again.
    :param again: seconds until the first good answer after the first failure, if any, to a request
        that needs both the app and the database: for the visitor's own user.
    :param last: seconds until the last failure; None if nothing failed.
    :param job: seconds that a job took that was started right after the kill.
    """

    victim: str
    away: float
    failures: Sequence[Failure]
    again: float
    last: float | None
    job: float

    @property
    def kinds(self) -> dict[str, int]:
        return dict(collections.Counter(failure.kind for failure in self.failures))


@dataclass(frozen=True)
class ChaosResult:
    """The results of the whole run.

    :param before: failures before the first kill.
    """

    account: Account
    outcomes: Sequence[FaultOutcome]
    before: Sequence[Failure]
    seconds: float

    @property
    def requests(self) -> int:
        unanswered = sum(failure.answered is None for failure in self.account.failures)
        return len(self.account.answers) + unanswered

    @property
    def median(self) -> float:
        """The median time of an answer, in milliseconds."""
        return statistics.median(took for _, took, _ in self.account.answers)


def run(
    url: str,
    learners: Sequence[Learner],
    faults: Sequence[Fault],
    *,
    connections: int,
    seconds: float,
) -> ChaosResult:
    """Spread the kills evenly over `seconds`; the last has as much time as the others."""
    administrator = Administrator(url)
    began = time.monotonic()
    struck: list[float] = []
    away: list[float] = []
    jobs: list[float] = []
    with Visitors(url, learners, connections) as visitors:
        for number, fault in enumerate(faults, start=1):
            due = began + seconds * number / (len(faults) + 1)
            time.sleep(max(due - time.monotonic(), 0))
            struck.append(time.monotonic())
            fault.inject()
            away.append(time.monotonic() - struck[-1])
            jobs.append(administrator.time_job())
        time.sleep(max(began + seconds - time.monotonic(), 0))
        ended = time.monotonic()
    account = visitors.account
    spans = zip(struck, [*struck[1:], ended])
    outcomes = [
        _outcome(fault.victim, account, span, gone, job)
        for fault, span, gone, job in zip(faults, spans, away, jobs)
    ]
    before = [failure for failure in account.failures if failure.first < struck[0]]
    return ChaosResult(account, outcomes, before, ended - began)


def _outcome(
    victim: str, account: Account, span: tuple[float, float], away: float, job: float
) -> FaultOutcome:
    begin, end = span
    failures = [failure for failure in account.failures if begin <= failure.first < end]
    since = min((failure.first for failure in failures), default=begin)
    good = min(
        (
            sent + took / 1000
            for sent, took, path in account.answers
            if sent >= since and path.startswith(OWN_USER)
        ),
        default=float("inf"),
    )
    last = max((failure.last for failure in failures), default=None)
    after = None if last is None else last - begin
    return FaultOutcome(victim, away, failures, good - begin, after, job)
