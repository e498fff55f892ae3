"""Remembers when the first import of a facility began, until nothing is here beyond the home.

A facility that was here before may have more records than the home. One that is here only since an
import that was interrupted, or that brought too much, may not. The note tells them apart.
"""

from __future__ import annotations

import datetime as dt

from django.utils import timezone
from django.utils.dateparse import parse_datetime

from kolibri_azure_plugin.database.state import State

#: The key in the state table, of the beginnings by dataset.
FIRST_IMPORTS = "first imports of facilities"


def begin(state: State, dataset: str, *, is_here: bool) -> dt.datetime | None:
    """When the first import began; None if the facility was here before that."""
    noted: dict[str, str] = state.get(FIRST_IMPORTS) or {}
    if not is_here:
        noted[dataset] = timezone.now().isoformat()
        state.set(FIRST_IMPORTS, noted)
    return parse_datetime(noted[dataset]) if dataset in noted else None


def end(state: State, dataset: str) -> None:
    """From now on, the facility may have more records than the home."""
    noted: dict[str, str] = state.get(FIRST_IMPORTS) or {}
    if noted.pop(dataset, None):
        state.set(FIRST_IMPORTS, noted)
