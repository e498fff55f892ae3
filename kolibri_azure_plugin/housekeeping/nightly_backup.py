"""Makes the nightly backup in a separate process, because a share may hang."""

from __future__ import annotations

import logging

from kolibri_azure_plugin.configuration import context
from kolibri_azure_plugin.facility_data.backups import apart

logger = logging.getLogger(__name__)

#: Seconds that a backup and its verification may take together.
LIMIT_SECONDS = 4 * 3600.0


def back_up() -> None:
    """Make and verify a backup, if the settings ask for any, and one is due.

    :raises BackupFailedError: when it fails. The next round tries again to make one, and at night
        also to verify it.
    """
    if not context.current().settings.backup_keep:
        return
    try:
        lines = apart.run(("nightly",), LIMIT_SECONDS)
    except apart.BackupFailedError as error:
        logger.error("The nightly backup failed: %s", error)  # noqa: TRY400 - it has all there is
        raise
    for line in lines:
        logger.info("Nightly backup: %s", line)
