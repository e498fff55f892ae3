"""The lab of the kernel's SMB client, for tests with the marker `smb`."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from devtools.smb.lab import Lab
from devtools.smb.needs import what_is_missing


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
