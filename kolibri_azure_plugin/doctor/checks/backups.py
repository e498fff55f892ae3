"""How old is the newest backup of the database, and the newest one that has been verified?"""

from __future__ import annotations

import datetime as dt

import psycopg2

from kolibri_azure_plugin.configuration.settings import environment_variable
from kolibri_azure_plugin.database.state import State
from kolibri_azure_plugin.doctor import stored_reports
from kolibri_azure_plugin.doctor.check_context import CheckContext
from kolibri_azure_plugin.doctor.outcome import Measurement, Outcome, passed, skipped, warned
from kolibri_azure_plugin.doctor.registry import Registry, Scope
from kolibri_azure_plugin.errors import KolibriAzureError
from kolibri_azure_plugin.errors.wording import counted
from kolibri_azure_plugin.facility_data.backups import catalogue, folder, manifest
from kolibri_azure_plugin.facility_data.backups.catalogue import Backup

CHECKS = Registry("kolibri")

ID = "azure.kolibri.backups"

#: Hours after which one night must have passed without a verified backup.
LIMIT = 36

MAKE_ONE = "kolibri manage azure_backup create\nkolibri manage azure_backup verify NAME.dump"

WHY = f"See in the log why the nightly backup failed, or try it now:\n{MAKE_ONE}"


@CHECKS.check(
    "backups",
    "There is a recent backup of the database, and it has been verified.",
    scope=Scope.DEPLOYMENT,
    requires=("kolibri.settings",),
    timeout=catalogue.TIMEOUT + 5,
    advisory=True,
)
def backups(ctx: CheckContext) -> Outcome:
    settings = ctx.context.settings
    if not settings.backup_folder and not settings.backup_keep:
        return skipped(f"no backups are wanted: {folder.VARIABLE} is not set")
    found = catalogue.find_backups(folder.require_folder(ctx.context.deployment))
    measured = _measured(found)
    verified = catalogue.newest_verified(found)
    if verified is None or verified.manifest is None:
        message = "There is no verified backup of the database."
        if not settings.backup_keep:
            return passed(message, **measured)
        measured["awaited_h"] = _hours_without_one(ctx)
        return warned(
            message, cause=f"{_there_are(len(found))} in the folder", remedy=WHY, **measured
        )
    hours = _hours_since(verified.manifest.time)
    measured["age_h"] = hours
    message = f"The newest verified backup is {counted(hours, 'hour')} old."
    if hours > LIMIT and settings.backup_keep:
        return warned(
            message,
            cause=f"{environment_variable('backup_keep')} asks for one every night",
            remedy=WHY,
            **measured,
        )
    return passed(message, **measured)


def _measured(found: list[Backup]) -> dict[str, Measurement]:
    usable = [each for each in found if not each.problem and each.manifest]
    measured: dict[str, Measurement] = {
        "backups": len(found),
        "unusable": [each.file for each in found if each.problem],
    }
    if usable and usable[-1].manifest:
        measured["newest_age_h"] = _hours_since(usable[-1].manifest.time)
        measured["newest_verified"] = usable[-1].verified_at is not None
    return measured


def _hours_without_one(ctx: CheckContext) -> int:
    """For how long the rounds have warned: 0 if that is unknown, as before the first round.

    The first backup is made within the hour, so the alert waits for :data:`LIMIT` hours.
    """
    try:
        since = stored_reports.warned_since(State(ctx.session), ID)
    except (KolibriAzureError, psycopg2.Error):
        # Other checks tell what is wrong with the database.
        since = ""
    return _hours_since(manifest.parse_time(since)) if since else 0


def _hours_since(moment: dt.datetime) -> int:
    return (manifest.now() - moment) // dt.timedelta(hours=1)


def _there_are(number: int) -> str:
    return f"{counted(number, 'backup')}, none of them verified" if number else "no backup"
