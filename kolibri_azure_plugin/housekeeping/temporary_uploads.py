"""What a process that was killed leaves in this machine's folder for temporary files.

Django writes each upload there before Kolibri sees it, and removes it when the request ends.
"""

from __future__ import annotations

import contextlib
import logging
import os
import tempfile
import threading
import time

from django.conf import settings

from kolibri_azure_plugin.housekeeping.periods import PERIODS, Periods

logger = logging.getLogger(__name__)

SWEEP_SECONDS = 600.0


def sweep_until(stopping: threading.Event) -> None:
    """Sweep every ten minutes, in a thread of its own: each instance has such a folder."""
    threading.Thread(target=_sweep_until, args=(stopping,), daemon=True).start()


def _sweep_until(stopping: threading.Event) -> None:
    while True:
        try:
            sweep(PERIODS)
        except OSError as error:
            logger.warning("Can't look for uploads that were left behind: %s", error)
        if stopping.wait(SWEEP_SECONDS):
            return


def sweep(periods: Periods) -> int:
    """Remove this user's uploads that nobody has written to for too long; returns how many."""
    folder = settings.FILE_UPLOAD_TEMP_DIR or tempfile.gettempdir()
    removed = 0
    for entry in os.scandir(folder):
        # As Django names them (3.2.25, core/files/uploadedfile.py).
        if not (entry.name.startswith(tempfile.gettempprefix()) and ".upload" in entry.name):
            continue
        with contextlib.suppress(FileNotFoundError):
            found = entry.stat(follow_symlinks=False)
            old = time.time() - found.st_mtime > periods.upload.total_seconds()
            if old and found.st_uid == os.getuid() and entry.is_file(follow_symlinks=False):
                os.unlink(entry.path)
                removed += 1
    if removed:
        logger.info("Removed %d uploads that a killed process had left behind.", removed)
    return removed
