"""Ends a process when its parent ends, however the parent ends."""

from __future__ import annotations

import os
import signal
import sys
import threading

#: The option that ties a process to its parent.
END_WITH_PARENT = "--end-with-parent"


def stop_on_signal(stopping: threading.Event, *, end_with_parent: bool) -> None:
    """Set the event at SIGTERM and SIGINT.

    :param end_with_parent: also set it when standard input closes, as it does when the parent ends.
    """
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    if end_with_parent:
        threading.Thread(target=_wait_for_end_of_input, args=(stopping,), daemon=True).start()


def _wait_for_end_of_input(stopping: threading.Event) -> None:
    # Not sys.stdin, whose lock this thread would still hold when the process ends.
    while os.read(sys.stdin.fileno(), 4096):
        pass
    stopping.set()
