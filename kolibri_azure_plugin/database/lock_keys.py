"""The numbers of advisory locks."""

from __future__ import annotations

import hashlib


def lock_key(name: str) -> int:
    """The number of a lock, the same in all instances.

    Positive, so that a query of pg_locks can recombine the two halves that it shows.
    """
    digest = hashlib.sha256(f"kolibri-azure {name}".encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 1
