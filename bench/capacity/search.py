"""The search for the largest number of learners that a server carries."""

from __future__ import annotations

from collections.abc import Callable

#: Two numbers that differ by less than a tenth are not told apart: the same server does not repeat
#: its own result any better.
PRECISION = 0.1

Carries = Callable[[int], bool]


def _always() -> bool:
    return True


def largest(
    carries: Carries,
    *,
    first: int,
    step: int,
    most: int,
    has_time: Callable[[], bool] = _always,
) -> int:
    """Return the largest multiple of `step` up to `most` for which `carries` is true, or 0.

    Doubles the number, beginning with `first`, until it is too large, then halves the interval
    until it is smaller than a step or a tenth. Tries no number twice.

    :param has_time: whether there is time for another number, once one was carried.
    """
    good, bad = 0, _multiple(most, step) + step
    number = max(_multiple(min(first, most), step), step)
    while number < bad and (not good or has_time()):
        if carries(number):
            good, number = number, min(2 * number, _next_below(bad, step, good=number))
        else:
            bad = number
    while bad - good > max(step, PRECISION * good) and (not good or has_time()):
        middle = _multiple((good + bad) // 2, step)
        if carries(middle):
            good = middle
        else:
            bad = middle
    return good


def confirmed(carries: Carries, number: int, *, step: int) -> int:
    """Return `number`, or the next smaller one for which `carries` is true, or 0.

    The search tries each number for a short time only, and so it can be lucky.
    """
    while number > 0 and not carries(number):
        number = _multiple(int(number * (1 - PRECISION)), step)
    return max(number, 0)


def _multiple(number: int, step: int) -> int:
    """The largest multiple of `step` that is not above `number`."""
    return number // step * step


def _next_below(bad: int, step: int, *, good: int) -> int:
    """The largest number below `bad`; `bad` itself if `good` already is that number."""
    return bad - step if good < bad - step else bad
