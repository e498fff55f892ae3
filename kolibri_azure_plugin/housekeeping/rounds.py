"""One round of everything that is removed: what fails is told, and keeps nothing else from it."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Callable

from kolibri_azure_plugin.housekeeping import jobs, leftovers, syncs, uploads, visits
from kolibri_azure_plugin.housekeeping.periods import PERIODS, Periods

logger = logging.getLogger(__name__)

#: What is removed, for the log, and what removes it.
Chore = tuple[str, Callable[[Periods], int]]

#: Passwords, and what a thousand schools make thousands of in an hour.
OFTEN: Sequence[Chore] = (
    ("uploaded lists", uploads.remove_old_uploads),
    ("finished jobs", jobs.remove_finished_jobs),
)

#: Syncs before jobs: a job stays while an open sync waits for it.
EVERYTHING: Sequence[Chore] = (
    ("abandoned syncs", syncs.close_abandoned_syncs),
    ("records of ended syncs", syncs.remove_ended_syncs),
    ("unused nonces", syncs.remove_unused_nonces),
    ("expired sessions", visits.remove_expired_sessions),
    ("expired cache entries", visits.remove_expired_answers),
    *OFTEN,
    ("files that imports and exports left", leftovers.remove_leftovers),
)


def clean(chores: Sequence[Chore] = EVERYTHING, periods: Periods = PERIODS) -> dict[str, int]:
    """Do all chores; returns how many of each were removed.

    :raises Exception: what the first chore raised that failed; the others are done.
    """
    removed: dict[str, int] = {}
    failed: list[Exception] = []
    for what, chore in chores:
        try:
            removed[what] = chore(periods)
        except Exception as error:  # noqa: PERF203 - one failure hurts nothing else
            logger.exception("Can't remove %s now; the next round tries again.", what)
            failed.append(error)
    done = ", ".join(f"{count} {what}" for what, count in removed.items() if count)
    if done:
        logger.info("Removed %s.", done)
    if failed:
        raise failed[0]
    return removed
