"""Skips tests with a hanging or dead share where this user can't act as its server."""

from __future__ import annotations

import pytest

from devtools import share

NEEDS_FUSE = pytest.mark.skipif(not share.can_hang(), reason=share.NO_FUSE)


def require_fuse() -> None:
    """The same for a fault that only some cases of a test have."""
    if not share.can_hang():
        pytest.skip(share.NO_FUSE)
