"""The numbers that a run has measured, and the file that keeps them: `measured.json`.

docs/sizing.md and the templates' texts follow from this file; a test compares them.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.capacity.expense import DATABASE, LOAD, OTHERS, SERVER, Expense
from bench.capacity.rounds import sign_in
from bench.capacity.trial import Trial

FILE = Path(__file__).with_name("measured.json")


@dataclass(frozen=True)
class Cost:
    """What one request costs on average; a sign-in is measured as a whole, with its page.

    :param server_ms: milliseconds of processor time, like those of the database and the load.
    """

    server_ms: float
    database_ms: float
    load_ms: float
    statements: float
    transactions: float

    @classmethod
    def of(cls, expense: Expense, number: int) -> Cost:
        """The share of each of `number` requests."""
        used = {part: 1000 * seconds / number for part, seconds in expense.processor.items()}
        return cls(
            server_ms=used[SERVER],
            database_ms=used[DATABASE],
            load_ms=used[LOAD],
            statements=expense.statements / number,
            transactions=expense.transactions / number,
        )


@dataclass(frozen=True)
class Found:
    """What the search for the largest number has found.

    :param learners: the largest number that the server carried, load and database on its machine.
    :param limit: why it did not carry more.
    :param passwords: whether they signed in with passwords.
    :param storm_seconds: all learners signed in during this time, then the lesson lasted for
        `lesson_seconds`.
    :param rate: requests per second of a learner in the lesson.
    :param connections: to the database, at the end of the lesson.
    :param rest: processor seconds and statements an hour of an instance without visitors.
    """

    circumstances: str
    learners: int
    limit: str
    passwords: bool
    storm_seconds: float
    lesson_seconds: float
    storm_p95: float
    lesson_p95: float
    rate: float
    request: Cost
    sign_in: Cost
    connections: int
    rest: Mapping[str, float]
    trials: list[Mapping[str, Any]]


@dataclass(frozen=True)
class Instances:
    """The cost of a request with a number of instances on one database.

    :param others: processors that all other programs kept busy; nginx in front is one of them.
    """

    instances: int
    learners: int
    request: Cost
    p95: float
    others: float


@dataclass(frozen=True)
class Measured:
    found: Found
    instances: list[Instances]
    instances_circumstances: str

    def with_found(self, found: Found) -> Measured:
        return dataclasses.replace(self, found=found)

    def with_instances(self, instances: list[Instances], circumstances: str) -> Measured:
        return dataclasses.replace(self, instances=instances, instances_circumstances=circumstances)

    def save(self, file: Path = FILE) -> None:
        text = json.dumps(_rounded(dataclasses.asdict(self)), indent=1, ensure_ascii=False)
        file.write_text(f"{text}\n", encoding="utf-8")


def load(file: Path = FILE) -> Measured:
    """Read what has been measured last."""
    data = json.loads(file.read_text(encoding="utf-8"))
    found, instances = data["found"], data["instances"]
    for name in ("request", "sign_in"):
        found[name] = Cost(**found[name])
    return Measured(
        Found(**found),
        [Instances(**{**each, "request": Cost(**each["request"])}) for each in instances],
        data["instances_circumstances"],
    )


def found(
    best: Trial,
    trials: list[Trial],
    rest: Expense,
    circumstances: str,
    *,
    passwords: bool,
    storm_seconds: float,
) -> Found:
    """Sum up a search.

    :param best: the trial of the largest number, with its expenses.
    :param rest: what the server used without visitors.
    """
    lesson, storm = best.lesson, best.storm
    assert lesson is not None
    assert best.lesson_expense is not None
    assert best.storm_expense is not None
    request = Cost.of(best.lesson_expense.beyond(rest), lesson.requests)
    beyond = [trial for trial in trials if trial.learners > best.learners and not trial.carried]
    nearest = min(beyond, key=lambda trial: trial.learners, default=None)
    limit = (
        f"{nearest.learners:,} learners: {nearest.reason}" if nearest else "the run tried no more"
    )
    others = best.lesson_expense.processors[OTHERS]
    per_hour = 3600 / rest.seconds
    return Found(
        circumstances=f"{circumstances}. {_of_others(others)}",
        learners=best.learners,
        limit=limit,
        passwords=passwords,
        storm_seconds=storm_seconds,
        lesson_seconds=lesson.seconds,
        storm_p95=storm.p95,
        lesson_p95=lesson.p95,
        rate=lesson.requests / lesson.seconds / best.learners,
        request=request,
        sign_in=_of_a_sign_in(
            best, best.storm_expense.beyond(rest), request, len(sign_in(passwords=passwords))
        ),
        connections=best.lesson_expense.connections,
        rest={
            "server_seconds": rest.processor[SERVER] * per_hour,
            "database_seconds": rest.processor[DATABASE] * per_hour,
            "statements": rest.statements * per_hour,
        },
        trials=[summary(trial) for trial in trials],
    )


def _of_a_sign_in(best: Trial, expense: Expense, request: Cost, requests: int) -> Cost:
    """The cost of a sign-in: those who have signed in already work, and this is not part of it."""
    storm = best.storm
    others = storm.requests - requests * storm.sign_ins
    whole = Cost.of(expense, 1)
    values = (
        max(getattr(whole, each.name) - others * getattr(request, each.name), 0) / storm.sign_ins
        for each in dataclasses.fields(Cost)
    )
    return Cost(*values)


def _of_others(processors: float) -> str:
    return f"All other programs of the machine kept {processors:.2f} processors busy meanwhile"


def summary(trial: Trial) -> dict[str, Any]:
    lesson, expense = trial.lesson, trial.expense
    return {
        "learners": trial.learners,
        "storm_p95": trial.storm.p95,
        "lesson_p95": lesson.p95 if lesson else None,
        "errors": trial.errors,
        "carried": trial.carried,
        "processors": expense.processors if expense else None,
    }


def _rounded(value: Any) -> Any:
    """The same data with numbers of four significant digits."""
    if isinstance(value, Mapping):
        return {name: _rounded(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_rounded(each) for each in value]
    return float(f"{value:.4g}") if isinstance(value, float) else value
