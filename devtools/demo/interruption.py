"""How signals end the demo."""

from __future__ import annotations

import signal
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupted(KeyboardInterrupt):
    """A termination signal.

    After a KeyboardInterrupt in a call of exec(), for example in an import that makes a dataclass,
    Python ends with the signal instead of the exit code, even if it was caught. A subclass has no
    such effect.
    """


def interrupt_once() -> None:
    """Turn the first termination signal into a KeyboardInterrupt.

    Later ones are ignored, because they would interrupt the cleanup.
    """
    for number in SIGNALS:
        signal.signal(number, _interrupt)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    raise Interrupted
