"""A limit for work that may wait for something that never happens."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class TooLongError(Exception):
    """The work did not end in time."""


@contextmanager
def ends_within(seconds: float, what: str) -> Iterator[None]:
    """Interrupt the block after some time; only for the main thread.

    Threads that the block has started end by themselves, so their own waits need limits, too.

    :raises TooLongError: names `what`.
    """

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise TooLongError(f"{what} did not end within {seconds:g} s")

    before = signal.signal(signal.SIGALRM, interrupt)
    began = time.monotonic()
    outer, _ = signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        if outer:
            # Another limit, for example pytest's, goes on.
            rest = outer - (time.monotonic() - began)
            signal.setitimer(signal.ITIMER_REAL, max(rest, 1e-3))
