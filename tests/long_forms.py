"""Long forms of tests.

`make test` shows each feature once, within an hour on two cores. `make long` shows it in every
variation.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TypeVar

import pytest

Value = TypeVar("Value")

IS_LONG = bool(os.environ.get("KOLIBRI_AZURE_LONG"))

#: For a test whose feature a shorter test shows, too.
LONG_FORM = pytest.mark.skipif(not IS_LONG, reason="long form: `make long`")


def each_or(values: Sequence[Value], *chosen: Value) -> Sequence[Value]:
    """All values in the long form, and only the chosen ones in the short form."""
    return values if IS_LONG else chosen
