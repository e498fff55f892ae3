"""The nightly backup: made and verified by one instance, and the oldest ones removed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Callable

from kolibri_azure_plugin.configuration.context import Context
from kolibri_azure_plugin.facility_data.backups import catalogue, creating, folder, verifying
from kolibri_azure_plugin.facility_data.backups.catalogue import Backup
from kolibri_azure_plugin.facility_data.backups.manifest import NIGHTLY

#: Hours of the container's clock in which few people learn.
NIGHT = range(1, 5)

#: In the night, the newest backup is replaced after this time; at any time, after the longer one,
#: as when the deployment was off for a night, or has just been set up.
EARLY = dt.timedelta(hours=12)
OVERDUE = dt.timedelta(hours=26)

Tell = Callable[[str], None]


def is_due(backups: Sequence[Backup], now: dt.datetime) -> bool:
    """Whether it is time for another backup.

    :param now: with the container's time zone.
    """
    made = [each.manifest.time for each in _usable(backups) if each.manifest]
    if not made:
        return True
    return now - max(made) > (EARLY if now.hour in NIGHT else OVERDUE)


def unverified(backups: Sequence[Backup], now: dt.datetime) -> Backup | None:
    """The newest backup, at night, if it has not been verified.

    By day, another try would slow down those who learn. The next night makes another backup.
    """
    usable = _usable(backups)
    if now.hour not in NIGHT or not usable or usable[-1].verified_at:
        return None
    return usable[-1]


def _usable(backups: Sequence[Backup]) -> list[Backup]:
    return [each for each in backups if each.kind == NIGHTLY and not each.problem]


def back_up(context: Context, tell: Tell) -> None:
    """Make and verify a backup if it is due, and remove old ones.

    :raises KolibriAzureError: when any of this fails.
    """
    keep = context.settings.backup_keep
    if not keep:
        return
    place = folder.require_folder(context.deployment)
    backups, now = catalogue.find_backups(place), dt.datetime.now().astimezone()
    if is_due(backups, now):
        with creating.backup_lock():
            dump = creating.create(place, NIGHTLY, "nightly", tell)
            # Even if it can't be verified, so that the share does not fill up.
            catalogue.try_to_remove_old(place, NIGHTLY, keep, tell)
    elif (left := unverified(backups, now)) is not None:
        dump = left.path
    else:
        return
    verifying.verify(dump, tell)
    with creating.backup_lock(tell):
        # The one that was the newest verified one until now.
        catalogue.remove_old(place, NIGHTLY, keep, tell)
