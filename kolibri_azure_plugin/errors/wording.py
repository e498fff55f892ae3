"""Numbers and reasons in sentences."""

from __future__ import annotations

from collections.abc import Sequence


def counted(number: int, singular: str, plural: str = "") -> str:
    """A number with its noun: ``1 channel``, ``2 channels``.

    :param plural: where it is not the singular with an s.
    """
    return f"{number} {singular if number == 1 else plural or singular + 's'}"


def with_reason(sentence: str, reason: str) -> str:
    """A sentence and its reason, joined by a colon."""
    return f"{sentence.removesuffix('.')}: {reason}" if reason else sentence


def first_of(names: Sequence[str], most: int) -> str:
    """The first names of a list that may be long: ``a, b and 3 more``."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return f"{', '.join(names[:most])}{more}"


def megabytes(size: float) -> str:
    """A number of bytes: ``0.4 MB``, ``27.0 MB``, ``1,200.5 MB``."""
    return f"{size / 1e6:,.1f} MB"
