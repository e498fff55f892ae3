"""Is done what nobody waits for: notifications for coaches, and housekeeping?"""

from __future__ import annotations

from kolibri_azure_plugin.checks.model import (
    Measurement,
    Outcome,
    Registry,
    Scope,
    passed,
    skipped,
    warned,
)
from kolibri_azure_plugin.checks.subject import Subject
from kolibri_azure_plugin.housekeeping.periods import INTERVALS
from kolibri_azure_plugin.instances.state import State
from kolibri_azure_plugin.notifications import outbox
from kolibri_azure_plugin.remedies import RESTART

CHECKS = Registry("kolibri")

ON_POSTGRESQL = ("database.sign_in", "database.migrations")

#: Minutes that a notification may wait. It takes seconds, but the push of a school brings many.
LONG_WAIT = 15

#: Minutes by which the rounds of housekeeping may be late: a restart, an instance that takes over.
LATE = 30

#: How late the latest of the regular jobs is, and how old Kolibri's oldest job is, in seconds. A
#: job that runs is not late. Without any job, no workers have been here yet.
ROUNDS = """
    SELECT count(*) FILTER (WHERE id = ANY(%s)),
        coalesce(max(extract(epoch FROM clock_timestamp() - scheduled_time))
            FILTER (WHERE id = ANY(%s) AND state <> 'RUNNING'), 0)::int,
        coalesce(max(extract(epoch FROM clock_timestamp() - time_created)), 0)::int
    FROM jobs
"""


@CHECKS.check(
    "notifications",
    "Coaches have been told what learners did.",
    scope=Scope.DEPLOYMENT,
    requires=ON_POSTGRESQL,
    advisory=True,
)
def notifications(subject: Subject) -> Outcome:
    if not State(subject.session).exists(outbox.TABLE):
        return passed("Nothing has had to be told yet.", waiting=0, failed=0)
    waiting, seconds, failed = subject.query(outbox.STATE)[0]
    minutes = int(seconds // 60)
    found: dict[str, Measurement] = {
        "waiting": waiting, "longest_wait_min": minutes, "failed": failed
    }  # fmt: skip
    if failed:
        return warned(
            f"Notifications for coaches that failed for good: {failed}.",
            cause="each failed six times; the log and the command below say why",
            remedy="See what failed, and have it tried again once that is mended:\n"
            "kolibri manage azure_notifications\nkolibri manage azure_notifications --retry",
            **found,
        )
    if minutes > LONG_WAIT:
        return warned(
            f"Notifications for coaches have waited for {minutes} minutes.",
            cause="no process works them off, or more come than are done",
            remedy="See whether their number falls; where it does not, restart the app:\n"
            f"kolibri manage azure_notifications\n{RESTART}",
            **found,
        )
    return passed(f"{waiting} wait." if waiting else "None waits.", **found)


@CHECKS.check(
    "housekeeping",
    "What is finished, abandoned or expired is removed regularly.",
    scope=Scope.DEPLOYMENT,
    requires=ON_POSTGRESQL,
    advisory=True,
)
def housekeeping(subject: Subject) -> Outcome:
    if not State(subject.session).exists("jobs"):
        return skipped("there are no jobs yet")
    ids = list(INTERVALS)
    there, late, oldest = subject.query(ROUNDS, [ids, ids])[0]
    found: dict[str, Measurement] = {"late_min": max(0, late // 60)}
    limit = LATE * 60
    if there < len(ids):
        if oldest < limit:
            return skipped("the background workers have not begun yet")
        return warned(
            "Housekeeping has never been planned.",
            cause="no instance has run the background workers: imports and syncs wait as well",
            remedy=f"Restart the app, and look in its log for the workers:\n{RESTART}",
            **found,
        )
    if late > limit:
        return warned(
            f"Housekeeping is {late // 60} minutes late.",
            cause="the background workers are down, or all of them are busy: "
            "uploaded lists with passwords stay",
            remedy="See what the workers do, in Kolibri at Device, Tasks; where nothing moves, "
            f"restart the app:\n{RESTART}",
            **found,
        )
    return passed("It is on time.", **found)
