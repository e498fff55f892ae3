"""The lab of the kernel's SMB client, for tests with the marker `smb`."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from devtools.smb.lab import Lab
from devtools.smb.requirements import missing_requirements

#: For tests that measure in a slow machine, so nothing else may run meanwhile.
RUNS_ALONE = pytest.mark.skipif(
    not os.environ.get("KOLIBRI_AZURE_SMB"), reason="runs alone: `make smb`, and .ci/run in short"
)


@pytest.fixture(scope="module")
def smb_lab() -> Iterator[Lab]:
    """A server, and a machine that has mounted its share at /data/content."""
    require_lab()
    with Lab() as lab:
        yield lab


@pytest.fixture
def healthy_lab(smb_lab: Lab) -> Iterator[Lab]:
    """The module's lab without the faults of the tests before."""
    yield smb_lab
    smb_lab.heal()


def require_lab() -> None:
    """Skip the test where the lab can't run."""
    reason = missing_requirements()
    if reason:
        pytest.skip(reason)
