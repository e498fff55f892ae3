"""Which exports are kept when Kolibri removes old ones."""

from __future__ import annotations

import contextlib
import datetime as dt
from typing import Callable

from kolibri_azure_plugin.exports.names import storage_name
from kolibri_azure_plugin.wrapping import wraps

FOLDER = "log_export/"

#: Kolibri writes an export before it writes down that there is one, and removes what it does not
#: know whenever another one is done. The share's clock may differ from this machine's.
YOUNG = dt.timedelta(hours=1)


def keep_by_stored_name(valid_names: Callable[[], set[str]]) -> Callable[[], set[str]]:
    """Wrap ``get_valid_filenames``, whose names are compared with those that the storage lists."""

    @wraps(valid_names)
    def valid_names_as_stored() -> set[str]:
        names = valid_names()
        return names | {storage_name(name) for name in names} | _young()

    return valid_names_as_stored


def _young() -> set[str]:
    """What may just have been exported by another worker."""
    from django.core.files.storage import default_storage
    from django.utils import timezone

    since = timezone.now() - YOUNG
    found = set()
    for file in default_storage.listdir(FOLDER)[1]:
        # Another worker may remove the same ones.
        with contextlib.suppress(FileNotFoundError):
            if default_storage.get_modified_time(FOLDER + file) > since:
                found.add(FOLDER + file)
    return found
