"""The course of the events: learners come, one part after the other dies, and all goes on."""

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
class Aftermath:
    """What followed a death, until the next one.

    :param away: seconds until the victim was told to start again, by whoever killed it.
    :param again: seconds until the first good answer after the first failure, if there was one, to
        a request that only the app and the database together can answer: about one's own user.
    :param last: seconds until the last failure; None where nothing failed.
    :param job: seconds in which a job was done that was given right afterwards.
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
class Course:
    """The whole run.

    :param before: failures before anything died.
    """

    account: Account
    aftermaths: Sequence[Aftermath]
    before: Sequence[Failure]
    seconds: float

    @property
    def requests(self) -> int:
        unanswered = sum(failure.answered is None for failure in self.account.failures)
        return len(self.account.answers) + unanswered

    @property
    def median(self) -> float:
        """Milliseconds of an answer."""
        return statistics.median(took for _, took, _ in self.account.answers)


def run(
    url: str,
    learners: Sequence[Learner],
    faults: Sequence[Fault],
    *,
    connections: int,
    seconds: float,
) -> Course:
    """Spread the deaths evenly over so many seconds; the last has as long as the others."""
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
            fault.strike()
            away.append(time.monotonic() - struck[-1])
            jobs.append(administrator.seconds_for_a_job())
        time.sleep(max(began + seconds - time.monotonic(), 0))
        ended = time.monotonic()
    account = visitors.account
    spans = zip(struck, [*struck[1:], ended])
    aftermaths = [
        _aftermath(fault.victim, account, span, gone, job)
        for fault, span, gone, job in zip(faults, spans, away, jobs)
    ]
    before = [failure for failure in account.failures if failure.first < struck[0]]
    return Course(account, aftermaths, before, ended - began)


def _aftermath(
    victim: str, account: Account, span: tuple[float, float], away: float, job: float
) -> Aftermath:
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
    return Aftermath(victim, away, failures, good - begin, after, job)
