"""One round of housekeeping: a chore that fails is logged, and the others still run."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Callable

from kolibri_azure_plugin.errors.wording import counted
from kolibri_azure_plugin.housekeeping import (
    jobs,
    leftovers,
    scratch_databases,
    syncs,
    uploads,
    visits,
)
from kolibri_azure_plugin.housekeeping.periods import PERIODS, Periods

logger = logging.getLogger(__name__)

#: What is removed, for the log, and the function that removes it.
Chore = tuple[str, Callable[[Periods], int]]

#: Lists with passwords, and jobs, of which a thousand schools make thousands per hour.
OFTEN: Sequence[Chore] = (
    ("uploaded lists", uploads.remove_old_uploads),
    ("finished jobs", jobs.remove_finished_jobs),
)

#: Syncs come before jobs, because a job stays while an open sync waits for it.
EVERYTHING: Sequence[Chore] = (
    ("abandoned syncs", syncs.close_abandoned_syncs),
    ("records of ended syncs", syncs.remove_ended_syncs),
    ("unused nonces", syncs.remove_unused_nonces),
    ("expired sessions", visits.remove_expired_sessions),
    ("expired cache entries", visits.remove_expired_cache_entries),
    *OFTEN,
    ("files that imports and exports left", leftovers.remove_leftovers),
    ("databases that verifications left", scratch_databases.remove_scratch_databases),
)

#: What a chore removes, if it is only one.
SINGULAR = {
    "abandoned syncs": "abandoned sync",
    "records of ended syncs": "record of an ended sync",
    "unused nonces": "unused nonce",
    "expired sessions": "expired session",
    "expired cache entries": "expired cache entry",
    "uploaded lists": "uploaded list",
    "finished jobs": "finished job",
    "files that imports and exports left": "file that an import or export left",
    "databases that verifications left": "database that a verification left",
}


def clean(chores: Sequence[Chore] = EVERYTHING, periods: Periods = PERIODS) -> dict[str, int]:
    """Do all chores; returns how many of each kind were removed.

    :raises Exception: the first chore's that failed, after the others are done.
    """
    removed: dict[str, int] = {}
    failed: list[Exception] = []
    for name, chore in chores:
        try:
            removed[name] = chore(periods)
        except Exception as error:  # noqa: PERF203 - the other chores still run
            logger.exception("Can't remove %s now; the next round tries again.", name)
            failed.append(error)
    summary = summary_of(removed)
    if summary:
        logger.info("Removed %s.", summary)
    if failed:
        raise failed[0]
    return removed


def summary_of(removed: Mapping[str, int]) -> str:
    """What a round has removed, in words; empty if nothing."""
    return ", ".join(
        counted(count, SINGULAR.get(name, name), name) for name, count in removed.items() if count
    )
