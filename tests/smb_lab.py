"""The lab of the kernel's SMB client, for tests with the marker `smb`."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from devtools.smb.lab import Lab
from devtools.smb.needs import what_is_missing

#: For tests that together take longer than the rest of the tests may wait for.
BY_ITSELF = pytest.mark.skipif(
    not os.environ.get("KOLIBRI_AZURE_SMB"), reason="a quarter of an hour with its like: `make smb`"
)


@pytest.fixture(scope="module")
def smb_lab() -> Iterator[Lab]:
    """A server, and a machine that has mounted its share at /data/content."""
    need_lab()
    with Lab() as lab:
        yield lab


@pytest.fixture
def healthy_lab(smb_lab: Lab) -> Iterator[Lab]:
    """The module's lab without the faults of the tests before."""
    yield smb_lab
    smb_lab.heal()


def need_lab() -> None:
    """Skip where there can be none."""
    reason = what_is_missing()
    if reason:
        pytest.skip(reason)
