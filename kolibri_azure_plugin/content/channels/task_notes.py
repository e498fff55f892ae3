"""Notes in Kolibri's list of tasks: the task waits for the share, or was interrupted.

The list shows only the state, the channel's name, the size, and the user who started the task. So
the note is appended to the channel's name, until it is removed again.
"""

from __future__ import annotations

import threading
from typing import Any

#: Keys of the task's metadata, which the API shows too: the note, and the channel's real name.
NOTE = "azure_note"
NAME = "azure_channel_name"
SHOWN_NAME = "channel_name"

_lock = threading.Lock()


def show_note(job: Any, note: str) -> None:
    """Show a note with the task, if there is one: a command has none."""
    if job is None:
        return
    with _lock:
        metadata = job.extra_metadata
        if metadata.get(NOTE) == note:
            return
        name = metadata.get(NAME, metadata.get(SHOWN_NAME))
        named = {NAME: name, SHOWN_NAME: f"{name} ({note})"} if name else {}
        job.update_metadata(**{NOTE: note}, **named)


def clear_note(job: Any) -> None:
    """Remove the note, even one from an earlier run of the task."""
    if job is None or NOTE not in job.extra_metadata:
        return
    with _lock:
        metadata = job.extra_metadata
        if metadata.pop(NOTE, None) is None:
            return
        name = metadata.pop(NAME, None)
        if name:
            metadata[SHOWN_NAME] = name
        job.save_meta()
