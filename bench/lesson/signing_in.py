"""The rows of a class that signs in at once, with and without passwords."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

from bench.lesson.learners import Pupil, lines
from bench.lesson.mix import SIGN_IN, SIGN_IN_WITH_PASSWORD, Request
from bench.lesson.school import CLASS_SIZE, LEARNERS, OLDER_LEARNERS, PASSWORD, require_passwords
from bench.lesson.work import FEW, playing
from bench.performance import rows
from bench.performance.comparison import Place
from bench.performance.figures import any_errors, p95, rate
from bench.performance.load import Line, Load, all_at_once
from bench.performance.pair import Pair, Running, medians
from bench.performance.rows import Row
from devtools.kolibri_client import CSRF_COOKIE, KolibriClient

#: The page sets this cookie; any 64 letters will do, as many as it sets, if the header agrees.
COOKIES = f"{CSRF_COOKIE}={'a' * 64}"


def signing_in(pair: Pair[Pupil], _place: Place) -> Iterator[Row]:
    """A class without passwords."""

    def storm(one: Running[Pupil]) -> Load:
        return _sign_in(one, LEARNERS[:CLASS_SIZE], SIGN_IN, pair.seconds)

    storms = pair.alternately(storm)
    work = f"signing in without passwords, {CLASS_SIZE} connections: sign-ins/s"
    yield rows.times(work, medians(storms, lambda load: rate(load) / len(SIGN_IN)), 3)
    yield rows.note("the same: p95 of one request, ms", medians(storms, p95))
    yield from any_errors(storms)


def signing_in_with_passwords(pair: Pair[Pupil], _place: Place) -> Iterator[Row]:
    """A class with passwords, whose hashes are the limit, while another class has its lesson."""
    for one in pair.running.values():
        require_passwords(one.url, required=True)
    try:
        yield from _with_passwords(pair)
    finally:
        for one in pair.running.values():
            require_passwords(one.url, required=False)


def _with_passwords(pair: Pair[Pupil]) -> Iterator[Row]:
    def storm(one: Running[Pupil]) -> Load:
        return _sign_in(one, OLDER_LEARNERS, SIGN_IN_WITH_PASSWORD, pair.seconds)

    storms = pair.alternately(storm)
    work = f"signing in with passwords, {CLASS_SIZE} connections: sign-ins/s"

    def sign_ins(load: Load) -> float:
        return rate(load) / len(SIGN_IN_WITH_PASSWORD)

    yield rows.times(work, medians(storms, sign_ins), 1.3)
    yield from any_errors(storms)

    play = playing(pair, FEW)

    def beside(one: Running[Pupil]) -> tuple[Load, Load]:
        with ThreadPoolExecutor() as pool:
            signing_in = pool.submit(storm, one)
            return play(one), signing_in.result()

    alone = medians(pair.alternately(play), p95)
    besides = pair.alternately(beside)
    work = f"lesson, {FEW} connections: p95 while a class signs in with passwords, ms"
    yield rows.unchanged(work, alone, medians(besides, lambda loads: p95(loads[0])), 2)
    yield rows.note(
        "the same: sign-ins/s meanwhile", medians(besides, lambda loads: sign_ins(loads[1]))
    )
    lessons = {name: [lesson for lesson, _ in each] for name, each in besides.items()}
    yield from any_errors(lessons)


def _sign_in(
    one: Running[Pupil], names: Sequence[str], requests: Sequence[Request], seconds: float
) -> Load:
    """Let learners sign in again and again, each in a new browser."""
    facility = KolibriClient(one.url).facility()["id"]

    def of(name: str) -> list[Line]:
        known = {"facility": facility, "username": name, "password": PASSWORD}
        return lines(requests, known, COOKIES)

    return all_at_once(one.url, [of(name) for name in names], seconds)
