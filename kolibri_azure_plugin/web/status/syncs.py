"""The syncs of each facility: when the last one succeeded, and whether one has failed since."""

from __future__ import annotations

import dataclasses
import datetime as dt

from django.db.models import Max, Q
from django.db.models.functions import Substr
from kolibri.core.auth.models import Facility
from morango.constants import transfer_stages, transfer_statuses
from morango.models import TransferSession

#: The digits of a data set's id, with which the filter of a transfer begins.
DIGITS = 32


@dataclasses.dataclass(frozen=True)
class FacilitySync:
    """The syncs of one facility with any device.

    :param success: when the last one ended well; None if none has.
    :param failure: when the last one failed; None if none has.
    """

    facility: str
    success: dt.datetime | None
    failure: dt.datetime | None

    @property
    def is_failing(self) -> bool:
        """Whether the last sync failed."""
        if self.failure is None:
            return False
        return self.success is None or self.failure > self.success


SUCCEEDED = Q(
    active=False,
    transfer_stage=transfer_stages.CLEANUP,
    transfer_stage_status=transfer_statuses.COMPLETED,
)
FAILED = Q(transfer_stage_status=transfer_statuses.ERRORED)


def read() -> list[FacilitySync]:
    """The facilities that have synced, by name. Housekeeping keeps the newest records of each."""
    transfers = (
        TransferSession.objects.filter(SUCCEEDED | FAILED)
        .annotate(dataset=Substr("filter", 1, DIGITS))
        .values("dataset")
        .annotate(
            success=Max("last_activity_timestamp", filter=SUCCEEDED),
            failure=Max("last_activity_timestamp", filter=FAILED),
        )
        .order_by()
    )
    found = {row["dataset"]: row for row in transfers}
    if not found:
        return []
    names = dict(Facility.objects.order_by("name").values_list("dataset_id", "name"))
    return [
        FacilitySync(name, found[dataset]["success"], found[dataset]["failure"])
        for dataset, name in names.items()
        if dataset in found
    ]
