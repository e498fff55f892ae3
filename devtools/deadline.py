"""Waits for a condition, with a deadline."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
PAUSE_SECONDS = 0.05


def wait_until(condition: Callable[[], T], what: str, seconds: float) -> T:
    """Call `condition` until it returns something true, and return that.

    Raises TimeoutError, which names `what`, after `seconds`. A slow call may return what was true
    before, so there is always a last one that begins after them.
    """
    deadline = time.monotonic() + seconds
    while True:
        is_last = time.monotonic() > deadline
        answer = condition()
        if answer:
            return answer
        if is_last:
            raise TimeoutError(f"waited {seconds:g} s for {what}")
        time.sleep(PAUSE_SECONDS)
