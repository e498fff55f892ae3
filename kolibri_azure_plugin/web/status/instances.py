"""The instances that are there, which of them runs the workers, and whether an upgrade runs."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Sequence

from kolibri_azure_plugin.database.state import State
from kolibri_azure_plugin.instances import lease_row
from kolibri_azure_plugin.instances.activity import presence
from kolibri_azure_plugin.instances.activity.presence import Presence
from kolibri_azure_plugin.instances.lease import LEASE_SECONDS

#: Announcements that may be missing before an instance counts as stopped.
MISSED = 3


@dataclasses.dataclass(frozen=True)
class Instances:
    """All instances of the last day.

    :param holder: the name of the one that runs the background workers; empty if none does.
    :param upgrading_to: the version to which the database is being upgraded; empty if to none.
    """

    known: tuple[Presence, ...] = ()
    holder: str = ""
    upgrading_to: str = ""

    @property
    def running(self) -> list[str]:
        """The names of those that are there now."""
        return [each.instance for each in self.known if not is_silent(each)]

    def running_since(self, moment: dt.datetime) -> list[str]:
        """The names of those that are there now, and were then."""
        return [
            each.instance for each in self.known if not is_silent(each) and each.since <= moment
        ]


def is_silent(one: Presence) -> bool:
    """Whether an instance has stopped, as far as its silence tells."""
    return one.silent_for > MISSED * presence.INTERVAL


def read(state: State) -> Instances:
    """What the instances have announced."""
    look = lease_row.look(state)
    holder = look.row.instance if look.row and _holds(look) else ""
    return Instances(_in_order(presence.read(state)), holder, look.upgrading_to)


def _holds(look: lease_row.Look) -> bool:
    return look.row is not None and not look.row.ended and look.age < LEASE_SECONDS


def _in_order(found: Sequence[Presence]) -> tuple[Presence, ...]:
    return tuple(sorted(found, key=lambda each: (is_silent(each), each.instance)))
