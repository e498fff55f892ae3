"""The backup that a start makes before it migrates, which is the way back if an upgrade fails."""

from __future__ import annotations

import logging
from typing import Any

from kolibri_azure_plugin import DOCUMENTATION
from kolibri_azure_plugin.configuration.settings import Settings, environment_variable
from kolibri_azure_plugin.database.state import KOLIBRI_VERSION, State
from kolibri_azure_plugin.errors.remedies import fill_in
from kolibri_azure_plugin.errors.wording import megabytes
from kolibri_azure_plugin.facility_data.backups import apart, manifest

logger = logging.getLogger(__name__)

#: The key of the state table with the start of an upgrade that has not ended: the version of
#: Kolibri from which it begins, the number of migrations that the database had then, the moment,
#: and the path of the backup; empty if there is none.
BACKED_UP = "backed_up_before"

#: Seconds for which a backup serves further tries of an upgrade that has changed nothing yet. The
#: platform tries again every few minutes. A person who tries again later has data to lose by then.
FRESH_SECONDS = 3600

IS_FRESH = """
    SELECT updated_at > clock_timestamp() - make_interval(secs => %s)
    FROM kolibri_azure_state WHERE key = %s
"""

#: One line, because a log has no line breaks in its messages.
NO_WAY_BACK = (
    "No backup is made before {upgrade}, which has already changed the database: it would not lead "
    "back. A nightly backup of before {moment} leads back, or Azure's backup of PostgreSQL, with "
    f"that moment as TIME ({DOCUMENTATION}/backup.md#an-upgrade-without-a-backup): "
    "az postgres flexible-server restore -g GROUP -n NEW_SERVER --source-server SERVER "
    "--restore-time TIME"
)


def back_up(state: State, settings: Settings, upgrade: str, migrations: int) -> None:
    """Make a backup before an upgrade, or say in the log why there is none.

    :param upgrade: for people, such as ``the upgrade from 0.19.4 to 0.19.5``.
    :param migrations: the number of migrations that the database has now.
    """
    noted = _noted(state)
    is_changed = bool(noted) and noted["migrations"] != migrations
    if is_changed and not noted["backup"]:
        logger.warning("%s", _no_way_back(upgrade, noted["moment"]))
        return
    # Once the upgrade has changed the database, only that backup leads back.
    if noted.get("backup") and (is_changed or _is_fresh(state)):
        logger.info("An earlier start made the backup of before %s: %s", upgrade, noted["backup"])
        return
    backup = _make(state, settings, upgrade)
    if backup or not noted.get("backup"):
        _note(state, migrations, backup)
    if backup:
        logger.info("The way back from %s: %s", upgrade, backup)


def forget(state: State) -> None:
    """Note that the upgrade is done."""
    if state.get(BACKED_UP):
        state.set(BACKED_UP, None)


def _noted(state: State) -> dict[str, Any]:
    """What an earlier try of an upgrade from the same version noted; empty if none did."""
    noted = state.get(BACKED_UP) or {}
    return noted if noted.get("version") == state.get(KOLIBRI_VERSION) else {}


def _note(state: State, migrations: int, backup: str) -> None:
    """Note how the database is before the first migration."""
    noted = {
        "version": state.get(KOLIBRI_VERSION),
        "migrations": migrations,
        "moment": manifest.format_time(manifest.now()),
        "backup": backup,
    }
    state.set(BACKED_UP, noted)


def _is_fresh(state: State) -> bool:
    return bool(state.rows(IS_FRESH, FRESH_SECONDS, BACKED_UP)[0][0])


def _no_way_back(upgrade: str, moment: str) -> str:
    text = NO_WAY_BACK.format(upgrade=upgrade, moment=moment)
    # The page explains the placeholders.
    return fill_in(text).partition("\n")[0]


def _make(state: State, settings: Settings, upgrade: str) -> str:
    """The path of a new backup; empty if there is none, for a reason that the log gives."""
    reason = _reason_for_none(state, settings)
    if reason:
        logger.warning("No backup is made before %s: %s.", upgrade, reason)
        return ""
    logger.info("Making a backup before %s.", upgrade)
    try:
        lines = apart.run(("upgrade", upgrade), settings.upgrade_backup_timeout)
    except apart.BackupFailedError as error:
        logger.warning("There is no backup of before %s, which goes on: %s", upgrade, error)
        return ""
    return lines[-1]


def _reason_for_none(state: State, settings: Settings) -> str:
    if not settings.backup_folder:
        return f"{environment_variable('backup_folder')} is not set"
    limit = settings.upgrade_backup_megabytes * 10**6
    size = int(state.rows("SELECT pg_database_size(current_database())")[0][0])
    if size > limit:
        variable = environment_variable("upgrade_backup_megabytes")
        return f"the database has {megabytes(size)}, and {variable} allows {megabytes(limit)}"
    return ""
