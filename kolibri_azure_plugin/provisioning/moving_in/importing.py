"""Imports a facility from the copy through Kolibri's own sync."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator
from typing import Any

from django.core.management import call_command
from django.db.models import Q

from kolibri_azure_plugin.errors import MovingInError
from kolibri_azure_plugin.provisioning.moving_in.facilities import FacilityInCopy
from kolibri_azure_plugin.provisioning.moving_in.progress import ProgressFile

logger = logging.getLogger(__name__)

#: Records of one request. The sync waits for about a second after each, however many there are; at
#: 2 KB a record, 10 MB are in memory at once.
CHUNK = 5000


def import_facility(url: str, facility: FacilityInCopy, progress: ProgressFile) -> None:
    """Pull all records that are not here yet.

    :raises MovingInError: when the sync fails. Then no record of it is in its table.
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

    with _explained(facility):
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


def has_unwritten(facility: FacilityInCopy) -> bool:
    """True if an import was killed after it had received records, before it had written them.

    Morango counts records as received before it writes them to their tables, in another
    transaction. A later sync would get none of them again, and fail without the facility.
    """
    from kolibri.core.auth.constants.morango_sync import PROFILE_FACILITY_DATA
    from morango.models.core import Store

    # An error says that Morango has tried to write a record, and can't.
    untried = Q(deserialization_error=None) | Q(deserialization_error="")
    unwritten = Store.objects.filter(
        untried,
        profile=PROFILE_FACILITY_DATA,
        partition__startswith=facility.dataset,
        dirty_bit=True,
    )
    return bool(unwritten.exists())


def write_received(facility: FacilityInCopy) -> None:
    """Write these records, as the sync would have done next.

    :raises MovingInError: when that fails. Then none of them is in its table.
    """
    from kolibri.core.auth.constants.morango_sync import PROFILE_FACILITY_DATA
    from kolibri.core.auth.models import dataset_cache
    from morango.models.certificates import Filter
    from morango.sync.controller import MorangoProfileController

    controller = MorangoProfileController(PROFILE_FACILITY_DATA)
    # The cache saves a query for each record, as in Kolibri's sync.
    with dataset_cache, _explained(facility):
        controller.deserialize_from_store(filter=Filter(facility.dataset))


@contextlib.contextmanager
def _explained(facility: FacilityInCopy) -> Iterator[None]:
    try:
        yield
    except Exception as error:
        logger.warning("The import of facility %s failed.", facility, exc_info=True)
        raise MovingInError(
            f"Facility {facility} could not be imported.",
            expected="a sync that ends",
            found=f"{type(error).__name__}: {error}",
            remedy="Nothing of the interrupted import is here. Run the same command again: it "
            "continues with this facility.",
            code="moving-in-import",
        ) from error
