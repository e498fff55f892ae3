"""What belongs to the deployment and to no instance: active learners, and the database.

One instance samples it once a minute, namely the first to write the minute's row.
"""

from __future__ import annotations

import time
from datetime import datetime, timedelta, timezone

import psycopg2.errors

from kolibri_azure_plugin.database.state import State
from kolibri_azure_plugin.instances.activity import minutes, presence

#: A learner is active now if Kolibri has noted something within this time. It notes it when a
#: browser reports that its user is active, which it does every few minutes.
NOW = timedelta(minutes=5)
WEEK = timedelta(days=7)

#: A school's server may send times from a clock that is wrong.
CLOCKS_DIFFER = timedelta(minutes=1)

#: Kolibri has no index for this, so the server reads the whole table: 0.1 seconds for 300,000
#: visits. Kolibri stores these times as text, in UTC, with the time zone at the end. Learners are
#: users without a role, and without rights on the device.
LEARNERS = """
    WITH seen AS (
        SELECT user_id, max(last_interaction_timestamp COLLATE "C") AS last
        FROM logger_usersessionlog
        WHERE last_interaction_timestamp COLLATE "C" BETWEEN %(week)s AND %(end)s
        GROUP BY user_id)
    SELECT count(*) FILTER (WHERE last >= %(now)s), count(*) FILTER (WHERE last >= %(today)s),
           count(*)
    FROM seen
    WHERE NOT EXISTS (SELECT FROM kolibriauth_role WHERE kolibriauth_role.user_id = seen.user_id)
      AND NOT EXISTS (SELECT FROM device_devicepermissions AS permissions
                      WHERE permissions.user_id = seen.user_id AND permissions.is_superuser)
"""

#: Connections of the whole server, because their limit is the server's.
DATABASE = """
    SELECT (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'),
           pg_database_size(current_database())
"""

#: Learners are counted at most this part of the time, so on a large site less than once a minute.
LARGEST_PART = 0.01

#: Seconds after which such a count is given up.
LONGEST = 20


class Deployment:
    """What this instance samples when it is its turn."""

    def __init__(self) -> None:
        self._learners: dict[str, int] = {}
        self._next_count = 0.0

    def sample(self, state: State) -> None:
        """Store the deployment's minute, unless another instance does; delete what is too old."""
        minute = minutes.claim(state)
        if minute is None:
            return
        connections, size = state.rows(DATABASE)[0]
        value = {**self._count(state), "connections": connections, "database_bytes": size}
        minutes.keep(state, minute, minutes.DEPLOYMENT, value)
        minutes.forget(state)
        presence.forget(state)

    def _count(self, state: State) -> dict[str, int]:
        """The active learners, or the last count if another one would be too much work."""
        begun = time.monotonic()
        if begun >= self._next_count:
            self._learners = _within(LONGEST, state)
            took = time.monotonic() - begun
            self._next_count = begun + took / LARGEST_PART
        return self._learners


def _within(seconds: int, state: State) -> dict[str, int]:
    """Count within this time; an empty result if that fails."""
    limit = "SELECT set_config('statement_timeout', %s, false)"
    state.rows(limit, f"{seconds}s")
    try:
        return count_learners(state, datetime.now(timezone.utc))
    except psycopg2.errors.QueryCanceled:
        return {}
    finally:
        state.rows(limit, "0")


def count_learners(state: State, at: datetime) -> dict[str, int]:
    """How many learners are active now, today and this week.

    :param at: the present time. The day begins at midnight in this process's time zone, which is
        also Kolibri's.
    """
    midnight = at.astimezone().replace(hour=0, minute=0, second=0, microsecond=0)
    now, today, week = state.rows(
        LEARNERS,
        now=_as_kolibri(at - NOW),
        # The offset may have changed since midnight.
        today=_as_kolibri(midnight.replace(tzinfo=None).astimezone()),
        week=_as_kolibri(at - WEEK),
        end=_as_kolibri(at + CLOCKS_DIFFER),
    )[0]
    return {"learners_now": now, "learners_today": today, "learners_week": week}


def _as_kolibri(at: datetime) -> str:
    """As the column stores it (kolibri/core/fields.py, 0.19.5), without the time zone's name."""
    return f"{at.astimezone(timezone.utc):%Y-%m-%d %H:%M:%S.%f}"
