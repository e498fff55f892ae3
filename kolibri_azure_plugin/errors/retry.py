"""Retries an operation until it succeeds or a deadline has passed."""

from __future__ import annotations

import logging
import time
from typing import Callable, TypeVar

import tenacity

from kolibri_azure_plugin.errors import KolibriAzureError

logger = logging.getLogger(__name__)

Result = TypeVar("Result")

FIRST_PAUSE = 0.5
MAX_DELAY = 10.0


class Deadline:
    """The moment after which no further try starts.

    :param seconds: how far away it is.
    """

    def __init__(self, seconds: float) -> None:
        self._moment = time.monotonic() + seconds

    def remaining(self) -> float:
        """Seconds left; 0 when it has passed."""
        return max(0.0, self._moment - time.monotonic())


def retry_until_deadline(
    operation: Callable[[], Result], deadline: Deadline, max_delay: float = MAX_DELAY
) -> Result:
    """Call the operation again while its error is transient and time is left.

    Pauses grow from half a second. Jitter spreads the calls of a deployment's instances. A pause is
    never shorter than the service asked for. Each failed try logs one line.

    :param max_delay: the longest pause in seconds.
    :raises KolibriAzureError: the operation's last error.
    """
    growing = tenacity.wait_exponential(multiplier=FIRST_PAUSE, max=max_delay)
    jitter = tenacity.wait_random(0, FIRST_PAUSE)

    def pause(state: tenacity.RetryCallState) -> float:
        return max(growing(state) + jitter(state), _error_of(state).retry_after)

    def announce(state: tenacity.RetryCallState) -> None:
        error = _error_of(state)
        logger.warning(
            "%s. Try %d failed, next in %.1f s, %.0f s left.",
            error.summary,
            state.attempt_number,
            state.upcoming_sleep,
            deadline.remaining(),
        )

    retrying = tenacity.Retrying(
        retry=tenacity.retry_if_exception(_is_transient),
        wait=pause,
        stop=lambda state: state.upcoming_sleep >= deadline.remaining(),
        before_sleep=announce,
        reraise=True,
    )
    return retrying(operation)


def _is_transient(error: BaseException) -> bool:
    return isinstance(error, KolibriAzureError) and error.transient


def _error_of(state: tenacity.RetryCallState) -> KolibriAzureError:
    error = state.outcome.exception() if state.outcome else None
    assert isinstance(error, KolibriAzureError)
    return error
