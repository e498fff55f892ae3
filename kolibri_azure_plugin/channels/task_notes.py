"""What a task says of itself while it waits, and when it was interrupted.

Kolibri's list of tasks shows the state, the name of the channel, the size and who began it, and
nothing else. So the note stands behind the name of the channel, until it is taken back.
"""

from __future__ import annotations

import threading
from typing import Any

#: Keys of the task's metadata, which its API shows too: the note, and the name as it was.
NOTE = "azure_note"
NAME = "azure_channel_name"
SHOWN_NAME = "channel_name"

_lock = threading.Lock()


def say(job: Any, note: str) -> None:
    """Show a note with the task, once; there is none where a command imports."""
    if job is None:
        return
    with _lock:
        said = job.extra_metadata
        if said.get(NOTE) == note:
            return
        name = said.get(NAME, said.get(SHOWN_NAME))
        named = {NAME: name, SHOWN_NAME: f"{name} ({note})"} if name else {}
        job.update_metadata(**{NOTE: note}, **named)


def take_back(job: Any) -> None:
    """Show the task as it was; also what an earlier run of it said last."""
    if job is None or NOTE not in job.extra_metadata:
        return
    with _lock:
        said = job.extra_metadata
        if said.pop(NOTE, None) is None:
            return
        name = said.pop(NAME, None)
        if name:
            said[SHOWN_NAME] = name
        job.save_meta()
