"""The identity under which the copy of a home syncs, and the number of its changes.

Records that a school changed since its last sync have no number yet: the device that syncs them
gives them one, with its own identity. Morango takes a record for known if it knows that number of
that device. So the copy must not use the school's identity, because the school will later give the
same number to other records. All copies of a home share another identity, and a later state of the
home has a higher number. An unchanged home keeps its number, so it brings nothing twice. A copy
that is older than one that moved in before has the newest number, and so brings no old versions.
"""

from __future__ import annotations

import dataclasses
from typing import Any

from kolibri_azure_plugin.database.state import State
from kolibri_azure_plugin.provisioning.moving_in.home_copy import HomeCopy, digest

#: The key in the state table, of a list of states for each identity.
HOMES = "homes that moved in"

#: Numbers that one state of a home may use: each facility's sync uses another.
STEP = 1000

#: The last moments in the data, which tell an older copy from a newer one.
LAST_MOMENTS = """
    SELECT max(moment) FROM (
        SELECT max(end_timestamp) AS moment FROM logger_contentsessionlog
        UNION ALL SELECT max(end_timestamp) FROM logger_attemptlog
        UNION ALL SELECT max(start_timestamp) FROM logger_usersessionlog
        UNION ALL SELECT max(date_joined) FROM kolibriauth_facilityuser
    ) AS moments
"""

#: The devices that the home has been, the present one last.
DEVICES = "SELECT id FROM morango_instanceidmodel ORDER BY current, counter"

FACILITIES = "SELECT id FROM kolibriauth_collection WHERE kind = 'facility' ORDER BY id"


@dataclasses.dataclass(frozen=True)
class HomeState:
    """One state of one home.

    :param identity: the same for all states.
    :param last_moment: when something last happened in it, as SQLite has it; empty if never.
    """

    identity: str
    digest: str
    last_moment: str

    @classmethod
    def of(cls, copy: HomeCopy) -> HomeState:
        """Read it before Kolibri has upgraded the copy."""
        found = digest(copy)
        with copy.open() as database:
            devices = (
                database.execute(DEVICES).fetchall() or database.execute(FACILITIES).fetchall()
            )
            [[moment]] = database.execute(LAST_MOMENTS)
        device = devices[-1][0] if devices else found
        return cls(f"moving in of {device}", found, moment or "")


def counter(state: State, home: HomeState) -> int:
    """The number for this state, which is remembered."""
    homes: dict[str, list[Any]] = state.get(HOMES) or {}
    known = homes.setdefault(home.identity, [])
    numbers = {each_digest: number for each_digest, _, number in known}
    if home.digest in numbers:
        return int(numbers[home.digest])
    last: list[Any] = known[-1] if known else ["", "", 0]
    if home.last_moment < last[1]:
        return int(last[2])
    number = int(last[2]) + STEP
    known.append([home.digest, home.last_moment, number])
    state.set(HOMES, homes)
    return number
