"""Which exports are kept when Kolibri removes old ones."""

from __future__ import annotations

import contextlib
import datetime as dt
from typing import Callable

from kolibri_azure_plugin.facility_data.exports.names import storage_name
from kolibri_azure_plugin.wrapping import wraps

FOLDER = "log_export/"

#: How long to keep an export without a record. Kolibri records an export after it has written it,
#: and at the end of each export removes files without a record. The margin also covers a difference
#: between the share's clock and this machine's.
YOUNG = dt.timedelta(hours=1)


def match_stored_names(valid_names: Callable[[], set[str]]) -> Callable[[], set[str]]:
    """Wrap ``get_valid_filenames``, whose names are compared with the stored names."""

    @wraps(valid_names)
    def valid_names_as_stored() -> set[str]:
        names = valid_names()
        return names | {storage_name(name) for name in names} | _young()

    return valid_names_as_stored


def _young() -> set[str]:
    """Files that another worker may just have exported."""
    from django.core.files.storage import default_storage
    from django.utils import timezone

    since = timezone.now() - YOUNG
    found = set()
    for file in default_storage.listdir(FOLDER)[1]:
        # Another worker may remove the file at the same time.
        with contextlib.suppress(FileNotFoundError):
            if default_storage.get_modified_time(FOLDER + file) > since:
                found.add(FOLDER + file)
    return found
