"""How long what is finished, abandoned or expired stays, and how often that is looked at."""

from __future__ import annotations

import dataclasses
from datetime import timedelta


@dataclasses.dataclass(frozen=True)
class Periods:
    """The periods; docs/housekeeping.md gives the reason of each.

    :param upload: after which an uploaded list goes that no waiting or running import names.
    :param upload_in_use: after which it goes although one does.
    :param quiet_job: of a finished job that nobody started by hand, such as Kolibri's own after
        each sync.
    :param job: of a finished job that somebody started.
    :param jobs: how many of the latter stay at most, once they have stayed for `quiet_job`.
    :param silent_sync: of no activity, after which a sync counts as abandoned.
    :param ended_sync: for which the record of an ended sync stays that is not the newest of its
        kind.
    :param unfinished_file: without a byte more of it, after which a file on the share counts as
        abandoned; an import waits for the share and for its source much less long.
    :param nonce: of what a device signs to begin a sync; Kolibri takes it for a minute.
    """

    upload: timedelta = timedelta(minutes=30)
    upload_in_use: timedelta = timedelta(minutes=45)
    quiet_job: timedelta = timedelta(minutes=10)
    job: timedelta = timedelta(days=7)
    jobs: int = 100
    silent_sync: timedelta = timedelta(hours=24)
    ended_sync: timedelta = timedelta(hours=24)
    unfinished_file: timedelta = timedelta(hours=24)
    nonce: timedelta = timedelta(hours=1)


PERIODS = Periods()

#: The regular jobs of housekeeping, and the seconds between two rounds of each.
REMOVE_OFTEN = "azure_remove_often"
CLEAN_UP = "azure_clean_up"
INTERVALS = {REMOVE_OFTEN: 600, CLEAN_UP: 3600}
