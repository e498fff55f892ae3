"""Is the background work on time: notifications for coaches, and housekeeping?"""

from __future__ import annotations

from kolibri_azure_plugin.database.state import State
from kolibri_azure_plugin.doctor.check_context import CheckContext
from kolibri_azure_plugin.doctor.outcome import Measurement, Outcome, passed, skipped, warned
from kolibri_azure_plugin.doctor.registry import Registry, Scope
from kolibri_azure_plugin.errors.remedies import RESTART
from kolibri_azure_plugin.errors.wording import counted
from kolibri_azure_plugin.facility_data.notifications import outbox
from kolibri_azure_plugin.housekeeping.periods import INTERVALS

CHECKS = Registry("kolibri")

ON_POSTGRESQL = ("database.sign_in", "database.migrations")

#: Minutes that a notification may wait. Most take seconds, but a sync brings many at once.
LONG_WAIT = 15

#: Minutes by which housekeeping may be late, such as after a restart or a takeover.
LATE = 30

#: The number of regular jobs, the seconds by which the latest is late, and the age of Kolibri's
#: oldest job. A running job is not late. Without any job, no workers have run yet.
ROUNDS = """
    SELECT count(*) FILTER (WHERE id = ANY(%s)),
        coalesce(max(extract(epoch FROM clock_timestamp() - scheduled_time))
            FILTER (WHERE id = ANY(%s) AND state <> 'RUNNING'), 0)::int,
        coalesce(max(extract(epoch FROM clock_timestamp() - time_created)), 0)::int
    FROM jobs
"""


@CHECKS.check(
    "notifications",
    "Notifications reach coaches in time.",
    scope=Scope.DEPLOYMENT,
    requires=ON_POSTGRESQL,
    advisory=True,
)
def notifications(ctx: CheckContext) -> Outcome:
    if not State(ctx.session).exists(outbox.TABLE):
        return passed("There have been no notifications yet.", waiting=0, failed=0)
    waiting, seconds, failed = ctx.query(outbox.STATE)[0]
    minutes = int(seconds // 60)
    found: dict[str, Measurement] = {
        "waiting": waiting, "longest_wait_min": minutes, "failed": failed
    }  # fmt: skip
    if failed:
        return warned(
            f"Notifications for coaches that failed permanently: {failed}.",
            cause="each failed six times; the log and the command below show why",
            remedy="See why they failed, fix that, then try again:\n"
            "kolibri manage azure_notifications\nkolibri manage azure_notifications --retry",
            **found,
        )
    if minutes > LONG_WAIT:
        return warned(
            f"Notifications for coaches have waited for {minutes} minutes.",
            cause="no process delivers them, or they arrive faster than they are delivered",
            remedy="Check whether their number falls. If it does not, restart the app:\n"
            f"kolibri manage azure_notifications\n{RESTART}",
            **found,
        )
    return passed(
        f"{counted(waiting, 'notification waits', 'notifications wait')}."
        if waiting
        else "No notification waits.",
        **found,
    )


@CHECKS.check(
    "housekeeping",
    "Finished, abandoned and expired data is removed regularly.",
    scope=Scope.DEPLOYMENT,
    requires=ON_POSTGRESQL,
    advisory=True,
)
def housekeeping(ctx: CheckContext) -> Outcome:
    if not State(ctx.session).exists("jobs"):
        return skipped("there are no jobs yet")
    ids = list(INTERVALS)
    there, late, oldest = ctx.query(ROUNDS, [ids, ids])[0]
    found: dict[str, Measurement] = {"late_min": max(0, late // 60)}
    limit = LATE * 60
    if there < len(ids):
        if oldest < limit:
            return skipped("the background workers have not started yet")
        return warned(
            "Housekeeping has never been scheduled.",
            cause="no instance has run the background workers; imports and syncs wait too",
            remedy=f"Restart the app, and look for the workers in its log:\n{RESTART}",
            **found,
        )
    if late > limit:
        return warned(
            f"Housekeeping is {late // 60} minutes late.",
            cause="the background workers are down or all busy; "
            "uploaded lists with passwords are not removed",
            remedy="See what the workers do, in Kolibri at Device, Tasks. If nothing progresses, "
            f"restart the app:\n{RESTART}",
            **found,
        )
    return passed("Housekeeping is on time.", **found)
