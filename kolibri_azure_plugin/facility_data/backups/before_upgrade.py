"""The backup that a start makes before it migrates, which is the way back if an upgrade fails."""

from __future__ import annotations

import logging

from kolibri_azure_plugin.configuration.settings import Settings, environment_variable
from kolibri_azure_plugin.database.state import State
from kolibri_azure_plugin.errors.wording import megabytes
from kolibri_azure_plugin.facility_data.backups import apart

logger = logging.getLogger(__name__)

#: The key of the state table with the upgrade before which a backup has been made, the number of
#: migrations that the database had then, and the backup's path.
BACKED_UP = "backed_up_before"

#: Seconds for which a backup serves further tries of an upgrade that has changed nothing yet. The
#: platform tries again every few minutes. A person who tries again later has data to lose by then.
FRESH_SECONDS = 3600

IS_FRESH = """
    SELECT updated_at > clock_timestamp() - make_interval(secs => %s)
    FROM kolibri_azure_state WHERE key = %s
"""


def back_up(state: State, settings: Settings, upgrade: str, migrations: int) -> None:
    """Make a backup before an upgrade, or say in the log why there is none.

    :param upgrade: for people, such as ``the upgrade from 0.19.4 to 0.19.5``.
    :param migrations: the number of migrations that the database has now.
    """
    earlier = _usable_backup(state, upgrade, migrations)
    if earlier:
        logger.info("An earlier start made the backup of before %s: %s", upgrade, earlier)
        return
    reason = _reason_for_none(state, settings)
    if reason:
        logger.warning("No backup is made before %s: %s.", upgrade, reason)
        return
    logger.info("Making a backup before %s.", upgrade)
    try:
        lines = apart.run(("upgrade", upgrade), settings.upgrade_backup_timeout)
    except apart.BackupFailedError as error:
        logger.warning("There is no backup of before %s, which goes on: %s", upgrade, error)
        return
    backup = lines[-1]
    state.set(BACKED_UP, {"upgrade": upgrade, "migrations": migrations, "backup": backup})
    logger.info("The way back from %s: %s", upgrade, backup)


def forget(state: State) -> None:
    """Note that the upgrade is done."""
    if state.get(BACKED_UP):
        state.set(BACKED_UP, None)


def _usable_backup(state: State, upgrade: str, migrations: int) -> str:
    """The backup that an earlier try of the same upgrade has made; empty if a new one is due.

    Once the upgrade has changed the database, only that backup leads back.
    """
    made = state.get(BACKED_UP) or {}
    if made.get("upgrade") != upgrade:
        return ""
    unchanged = made["migrations"] == migrations
    if unchanged and not state.rows(IS_FRESH, FRESH_SECONDS, BACKED_UP)[0][0]:
        return ""
    return str(made["backup"])


def _reason_for_none(state: State, settings: Settings) -> str:
    if not settings.backup_folder:
        return f"{environment_variable('backup_folder')} is not set"
    limit = settings.upgrade_backup_megabytes * 10**6
    size = int(state.rows("SELECT pg_database_size(current_database())")[0][0])
    if size > limit:
        variable = environment_variable("upgrade_backup_megabytes")
        return f"the database has {megabytes(size)}, and {variable} allows {megabytes(limit)}"
    return ""
