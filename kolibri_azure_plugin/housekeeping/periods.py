"""How long housekeeping keeps finished, abandoned and expired data, and how often it runs."""

from __future__ import annotations

import dataclasses
from datetime import timedelta


@dataclasses.dataclass(frozen=True)
class Periods:
    """How long to keep each kind of data; docs/housekeeping.md gives the reasons.

    :param upload: an uploaded list that no waiting or running import uses.
    :param upload_in_use: an uploaded list that an import uses.
    :param quiet_job: a finished job that no user started, such as Kolibri's own after each sync.
    :param job: a finished job that a user started.
    :param jobs: how many of the latter to keep at most, once they are older than `quiet_job`.
    :param silent_sync: a sync without activity, before it counts as abandoned.
    :param ended_sync: the record of an ended sync, unless it is the newest of its kind.
    :param unfinished_file: a file on the share that no longer grows, before it counts as abandoned.
        An import waits for the share and for its source much less long.
    :param nonce: a nonce that a device signs to begin a sync. Kolibri accepts it for a minute.
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

#: The regular jobs of housekeeping, and the seconds between two runs of each.
REMOVE_OFTEN = "azure_remove_often"
CLEAN_UP = "azure_clean_up"
BACK_UP = "azure_back_up"
INTERVALS = {REMOVE_OFTEN: 600, CLEAN_UP: 3600, BACK_UP: 3600}
