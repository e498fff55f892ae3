"""One trial: a number of learners signs in and works, and the server carries them or does not."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

import requests

from bench.capacity.expense import Expense, Meter, Reading
from bench.capacity.facility import FACILITIES, Account
from bench.capacity.process import LoadProcess, Phase
from devtools.deadline import wait_until

#: A server carries learners if 95 % of the answers come within this many milliseconds, and no
#: request fails. Pieces of videos are not timed: their time is that of the line.
LIMIT_MS = 1000

#: After a trial that was too much, the server still works through what it was asked. It is at rest
#: again when it gives this many quick answers in a row.
QUICK_ANSWERS, QUICK_SECONDS = 5, 0.5
REST_SECONDS = 300


@dataclass(frozen=True)
class Trial:
    """The results of a trial, phase by phase.

    :param lesson: None if the sign-ins were already too much.
    :param storm_expense: None if the server's processes are not on this machine.
    """

    learners: int
    storm: Phase
    lesson: Phase | None
    storm_expense: Expense | None = None
    lesson_expense: Expense | None = None

    @property
    def carried(self) -> bool:
        return self.lesson is not None and is_good(self.storm) and is_good(self.lesson)

    @property
    def errors(self) -> int:
        return self.storm.errors + (self.lesson.errors if self.lesson else 0)

    @property
    def expense(self) -> Expense | None:
        """That of the last phase."""
        return self.lesson_expense or self.storm_expense

    @property
    def reason(self) -> str:
        """Why the server did not carry them; empty if it did."""
        for name, phase in (("signing in", self.storm), ("the lesson", self.lesson)):
            if phase is not None and not is_good(phase):
                errors = f"{phase.errors} errors, " if phase.errors else ""
                busy = ", and the load itself was too busy" if phase.is_busy else ""
                return f"{name}: {errors}p95 {phase.p95:,.0f} ms{busy}"
        return ""


def is_good(phase: Phase) -> bool:
    """Whether the answers of a phase were fast enough, and all of them good."""
    is_complete = phase.requests > 0 and not phase.is_busy
    return is_complete and phase.errors == 0 and phase.p95 < LIMIT_MS


class Lessons:
    """Plays trials in one facility.

    :param admit: returns so many accounts, made if absent.
    :param storm_seconds: all learners sign in during this time.
    :param meter: what the server's processes use; None if they are not on this machine.
    """

    def __init__(
        self,
        url: str,
        load: LoadProcess,
        admit: Callable[[int], list[Account]],
        *,
        storm_seconds: float,
        meter: Meter | None = None,
    ) -> None:
        self._url, self._load, self._admit = url, load, admit
        self._storm_seconds = storm_seconds
        self.meter = meter
        self.trials: list[Trial] = []

    def play(
        self,
        learners: int,
        seconds: float,
        *,
        storm_seconds: float = 0,
        even_if_slow: bool = False,
    ) -> Trial:
        """Let a number of learners sign in, and work for a time.

        :param storm_seconds: another time for signing in than usual.
        :param even_if_slow: let them work even if their sign-ins were slow.
        """
        accounts = self._admit(learners)
        wait_until_at_rest(self._url)
        begun = self._read()
        storm = self._load.storm(accounts, storm_seconds or self._storm_seconds)
        signed_in = self._read()
        lesson = self._load.lesson(seconds) if even_if_slow or is_good(storm) else None
        done = self._read()
        self._load.rest()
        trial = Trial(
            learners,
            storm,
            lesson,
            _between(begun, signed_in),
            _between(signed_in, done) if lesson else None,
        )
        self.trials.append(trial)
        say(f"{learners:>6,} learners: {trial.reason or f'carried, p95 {_slowest(trial):,.0f} ms'}")
        return trial

    def carries(self, seconds: float) -> Callable[[int], bool]:
        """The question of the search, asked for so many seconds each time."""
        return lambda learners: self.play(learners, seconds).carried

    def _read(self) -> Reading | None:
        return self.meter.read() if self.meter else None


def wait_until_at_rest(url: str) -> None:
    """Wait until the server gives quick answers."""
    quick = 0

    def is_at_rest() -> bool:
        nonlocal quick
        began = time.monotonic()
        try:
            good = requests.get(url + FACILITIES, timeout=REST_SECONDS).ok
        except requests.RequestException:
            good = False
        quick = quick + 1 if good and time.monotonic() - began < QUICK_SECONDS else 0
        return quick >= QUICK_ANSWERS

    wait_until(is_at_rest, "quick answers after the last trial", REST_SECONDS)


def say(text: str) -> None:
    """Tell about the progress, apart from the results."""
    print(f"{time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)


def _between(before: Reading | None, after: Reading | None) -> Expense | None:
    return after.since(before) if before and after else None


def _slowest(trial: Trial) -> float:
    return max(phase.p95 for phase in (trial.storm, trial.lesson) if phase is not None)
