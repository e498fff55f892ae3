"""Secrets and certificates that end: when that is worth a word, and in which words."""

from __future__ import annotations

#: Days before the end at which somebody should act. Azure renews its own certificates earlier.
NEAR_DAYS = 30


def is_near(days: int) -> bool:
    """Whether it is time to act.

    :param days: until the end; below 0 when it is over.
    """
    return days < NEAR_DAYS


def in_words(days: int) -> str:
    """What follows the name of a thing that ends."""
    if days < 0:
        return f"ended {-days} days ago"
    return f"ends in {days} days"
