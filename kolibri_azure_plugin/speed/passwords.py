"""Hashes a password no more often than needed to check it.

A hash takes a processor 50 ms. Kolibri's sign-in page first asks with an empty password whether the
user has one, and Kolibri looks for the user twice (0.19.5, core/auth/backends.py): by the exact
name, then by the name in any case. So it hashes three times for one sign-in.
"""

from __future__ import annotations

import functools
import hashlib

from django.contrib.auth.hashers import PBKDF2PasswordHasher
from kolibri.core.utils.cache import process_cache

from kolibri_azure_plugin.speed.low_priority import LowPriorityThread
from kolibri_azure_plugin.speed.request_cache import remembered_in_request

#: Hashes of which a process remembers whether the empty password fits. Each takes 300 bytes.
MAX_KNOWN = 10_000

#: Seconds for which the shared cache remembers it. This is a term: on the first morning after a
#: restart, all processes are new, and the whole school signs in.
KNOWN_FOR = 90 * 24 * 60 * 60

#: Hashes release Python's lock.
_thread = LowPriorityThread()


class PasswordHasher(PBKDF2PasswordHasher):
    """Django's default hasher, with the same hashes, so that other Kolibris can check them too.

    https://docs.djangoproject.com/en/3.2/topics/auth/passwords/ says how to replace it.
    """

    def verify(self, password: str, encoded: str) -> bool:
        if not password:
            return fits_empty_password(encoded)
        # Remembered only until the request ends, as is the request itself.
        question = (PasswordHasher, password, encoded)
        return remembered_in_request(question, lambda: _fits(password, encoded))

    def harden_runtime(self, password: str, encoded: str) -> None:
        """Hide how old a hash is. The answer to an empty password tells nothing about a hash."""
        if password:
            super().harden_runtime(password, encoded)


@functools.lru_cache(MAX_KNOWN)
def fits_empty_password(encoded: str) -> bool:
    """Whether a hash is one of the empty password, as those of some imported learners are.

    That never changes, so the shared cache remembers it too, by a digest of the hash.
    """
    key = f"azure_empty_password_{hashlib.sha256(encoded.encode()).hexdigest()}"
    known = process_cache.get(key)
    if known is None:
        known = _fits("", encoded)
        process_cache.set(key, known, KNOWN_FOR)
    return bool(known)


def _fits(password: str, encoded: str) -> bool:
    return _thread.run(lambda: bool(PBKDF2PasswordHasher().verify(password, encoded)))
