"""Imports a facility from the copy through Kolibri's own sync."""

from __future__ import annotations

import logging
from typing import Any

from django.core.management import call_command
from django.core.management.base import CommandError

from kolibri_azure_plugin.errors import MovingInError
from kolibri_azure_plugin.provisioning.moving_in.facilities import FacilityInCopy
from kolibri_azure_plugin.provisioning.moving_in.progress import ProgressFile

logger = logging.getLogger(__name__)

#: Records of one request. The sync waits for about a second after each, however many there are; at
#: 2 KB a record, 10 MB are in memory at once.
CHUNK = 5000


def import_facility(url: str, facility: FacilityInCopy, progress: ProgressFile) -> None:
    """Pull all records that are not here yet.

    :raises MovingInError: when the sync fails. Then no record of it is here.
    """
    from kolibri.core.auth.constants.morango_sync import State
    from kolibri.core.auth.management.commands.sync import Command

    class FollowedSync(Command):
        """Kolibri's command, which tells the progress file how far it is."""

        _total, _writing = 0, False

        def update_progress(self, **known: Any) -> None:
            state = (known.get("extra_data") or {}).get("sync_state")
            if state == State.PULLING:
                progress.set(int(known.get("current_progress") or 0), self._total)
            elif state == State.LOCAL_DEQUEUING and not self._writing:
                self._writing = True
                progress.continue_as(f"Writing the records of facility {facility.name}")

        def start_progress(self, total: int = 100) -> Any:
            self._total = total
            return self

    try:
        call_command(
            FollowedSync(),
            baseurl=url,
            facility=facility.id,
            chunk_size=CHUNK,
            noninteractive=True,
            no_push=True,
            # Otherwise, Kolibri could make a superuser with a well-known password.
            no_provision=True,
        )
    except (CommandError, Exception) as error:
        logger.warning("The import of facility %s failed.", facility, exc_info=True)
        raise MovingInError(
            f"Facility {facility} could not be imported.",
            expected="a sync that ends",
            found=f"{type(error).__name__}: {error}",
            remedy="Nothing of the interrupted import is here. Run the same command again: it "
            "continues with this facility.",
            code="moving-in-import",
        ) from error
