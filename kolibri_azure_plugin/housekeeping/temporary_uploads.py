"""Removes the uploads that killed processes leave in this machine's temporary folder.

Django writes each upload there before Kolibri sees it, and removes it when the request ends.
"""

from __future__ import annotations

import contextlib
import logging
import os
import tempfile
import threading
import time

from kolibri_azure_plugin.errors.wording import counted
from kolibri_azure_plugin.housekeeping.periods import PERIODS, Periods

logger = logging.getLogger(__name__)

SWEEP_SECONDS = 600.0


def sweep_until(stopping: threading.Event) -> None:
    """Sweep every ten minutes, in a separate thread. Each instance has its own folder."""
    threading.Thread(target=_sweep_until, args=(stopping,), daemon=True).start()


def _sweep_until(stopping: threading.Event) -> None:
    while True:
        try:
            sweep(PERIODS)
        except OSError as error:
            logger.warning("Can't remove abandoned uploads: %s", error)
        if stopping.wait(SWEEP_SECONDS):
            return


def sweep(periods: Periods) -> int:
    """Remove the abandoned uploads of this process's user; returns how many."""
    removed = 0
    # Where Django writes them, as Kolibri sets no FILE_UPLOAD_TEMP_DIR.
    for entry in os.scandir(tempfile.gettempdir()):
        # Django's names for uploads (3.2.25, core/files/uploadedfile.py).
        if not (entry.name.startswith(tempfile.gettempprefix()) and ".upload" in entry.name):
            continue
        with contextlib.suppress(FileNotFoundError):
            found = entry.stat(follow_symlinks=False)
            old = time.time() - found.st_mtime > periods.upload.total_seconds()
            if old and found.st_uid == os.getuid() and entry.is_file(follow_symlinks=False):
                os.unlink(entry.path)
                removed += 1
    if removed:
        uploads = counted(removed, "upload of a killed process", "uploads of killed processes")
        logger.info("Removed %s.", uploads)
    return removed
