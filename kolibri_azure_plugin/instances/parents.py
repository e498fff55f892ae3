"""Processes that end with the one that started them, however that ends."""

from __future__ import annotations

import os
import signal
import sys
import threading

#: The option that ties a process to the one that started it.
END_WITH_PARENT = "--end-with-parent"


def stop_when_told(stopping: threading.Event, *, end_with_parent: bool) -> None:
    """Set the event at SIGTERM and SIGINT.

    :param end_with_parent: also when standard input is closed, as it is when the process at its
        other end is gone.
    """
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    if end_with_parent:
        threading.Thread(target=_wait_for_end_of_input, args=(stopping,), daemon=True).start()


def _wait_for_end_of_input(stopping: threading.Event) -> None:
    # Not through sys.stdin, whose lock this thread would still hold at the end of the process.
    while os.read(sys.stdin.fileno(), 4096):
        pass
    stopping.set()
