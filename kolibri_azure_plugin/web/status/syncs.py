"""The syncs of each facility: when the last one succeeded, and whether one has failed since.

Most syncs that fail are interrupted, because a school's line is down. Nothing notes this as an
error, so a transfer that is silent for long, or was closed before its end, counts as failed.
"""

from __future__ import annotations

import dataclasses
import datetime as dt

from django.db.models import Max, Q
from django.db.models.functions import Substr
from django.utils import timezone
from kolibri.core.auth.models import Facility
from morango.models import TransferSession

from kolibri_azure_plugin.housekeeping.syncs import FAILED, INTERRUPTED, SUCCEEDED, UNFINISHED

#: The digits of a data set's id, with which the filter of a transfer begins.
DIGITS = 32

#: How long a transfer may be silent. Each chunk of records is a sign of life. Kolibri, too, closes
#: silent transfers after an hour (0.19.5, core/auth/tasks.py).
SILENT = dt.timedelta(hours=1)


@dataclasses.dataclass(frozen=True)
class FacilitySync:
    """The syncs of one facility with any device.

    :param success: when the last one ended well; None if none has.
    :param failure: when the last one failed or was interrupted; None if none was.
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


def read() -> list[FacilitySync]:
    """The facilities that have synced, by name. Housekeeping keeps the newest records of each."""
    silent = UNFINISHED & Q(active=True, last_activity_timestamp__lt=timezone.now() - SILENT)
    failed = FAILED | INTERRUPTED | silent
    transfers = (
        TransferSession.objects.filter(SUCCEEDED | failed)
        .annotate(dataset=Substr("filter", 1, DIGITS))
        .values("dataset")
        .annotate(
            success=Max("last_activity_timestamp", filter=SUCCEEDED),
            failure=Max("last_activity_timestamp", filter=failed),
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
