"""How old is the newest backup of the database that has been verified?"""

from __future__ import annotations

import datetime as dt

from kolibri_azure_plugin.configuration.settings import environment_variable
from kolibri_azure_plugin.doctor.check_context import CheckContext
from kolibri_azure_plugin.doctor.outcome import Measurement, Outcome, passed, skipped, warned
from kolibri_azure_plugin.doctor.registry import Registry, Scope
from kolibri_azure_plugin.errors.wording import counted
from kolibri_azure_plugin.facility_data.backups import catalogue, folder, manifest

CHECKS = Registry("kolibri")

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
    unusable = [each.file for each in found if each.problem]
    measured: dict[str, Measurement] = {"backups": len(found), "unusable": unusable}
    newest = catalogue.newest_verified(found)
    if newest is None or newest.manifest is None:
        message = "There is no verified backup of the database."
        if not settings.backup_keep:
            return passed(message, **measured)
        return warned(
            message, cause=f"{_there_are(len(found))} in the folder", remedy=WHY, **measured
        )
    hours = (manifest.now() - newest.manifest.time) // dt.timedelta(hours=1)
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


def _there_are(number: int) -> str:
    return f"{counted(number, 'backup')}, none of them verified" if number else "no backup"
