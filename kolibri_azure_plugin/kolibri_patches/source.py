"""The source of a function as a digest, which tells whether a new Kolibri has changed it."""

from __future__ import annotations

import hashlib
import inspect
import textwrap
from typing import Any

#: Hexadecimal digits that are kept.
LENGTH = 16


def digest_of(function: Any) -> str:
    """The digest of a function's source, decorators included; empty where there is none to read.

    :param function: a function, a method, or a class method.
    """
    try:
        return digest(inspect.getsource(function))
    except (OSError, TypeError):
        return ""


def digest(text: str) -> str:
    """The digest of a source text, however far it is indented."""
    return hashlib.sha256(textwrap.dedent(text).strip().encode()).hexdigest()[:LENGTH]
