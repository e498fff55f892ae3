"""Removes uploaded lists of users, which contain passwords.

Kolibri removes a list after an import that succeeds or that its checks reject. The list remains
after a trial run, which waits for confirmation, and after an import that fails or is killed.

The share may hang any process that touches it. So a separate process does the work, with a
deadline.
"""

from __future__ import annotations

from collections.abc import Iterator

from django.conf import settings
from kolibri.core.tasks.job import State
from kolibri.core.tasks.main import job_storage

from kolibri_azure_plugin.content import probe
from kolibri_azure_plugin.content.share import share_errors
from kolibri_azure_plugin.housekeeping import uploads_process
from kolibri_azure_plugin.housekeeping.periods import Periods

#: Kolibri's folder for them, in MEDIA_ROOT (0.19.5, core/auth/tasks.py). Exports are there, too,
#: while they are written.
FOLDER = "temp"

IMPORT = "kolibri.core.auth.tasks.importusersfromcsv"
UNFINISHED = [State.PENDING, State.SCHEDULED, State.QUEUED, State.SELECTED, State.RUNNING]

#: Seconds after which the share counts as hung.
TIMEOUT = 15.0


def remove_old_uploads(periods: Periods) -> int:
    """Remove old lists; returns how many.

    :raises ContentShareError: when one can't be removed, after all others have been, or when the
        share does not answer.
    """
    arguments = {
        "below": FOLDER,
        "in_use": list(_named_by_imports()),
        "seconds": periods.upload.total_seconds(),
        "seconds_in_use": periods.upload_in_use.total_seconds(),
    }
    media = settings.MEDIA_ROOT
    with share_errors(media):
        done = probe.run_program(uploads_process.PROGRAM, "remove", media, arguments, TIMEOUT)
    return int(done["removed"])


def _named_by_imports() -> Iterator[str]:
    for job in job_storage.filter_jobs(func=IMPORT, state=UNFINISHED):
        yield from job.args
