"""Waits for a condition, with a deadline."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
PAUSE_SECONDS = 0.05


def wait_until(condition: Callable[[], T], what: str, seconds: float) -> T:
    """Call `condition` until it returns something true, and return that.

    Raises TimeoutError, which names `what`, after `seconds`.
    """
    deadline = time.monotonic() + seconds
    while True:
        answer = condition()
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {seconds:g} s for {what}")
        time.sleep(PAUSE_SECONDS)
