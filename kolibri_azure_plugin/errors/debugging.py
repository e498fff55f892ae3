"""Whether details are wanted: KOLIBRI_DEBUG."""

from __future__ import annotations

import os

#: The words that mean yes, here and in settings.
TRUE_WORDS = ("1", "true", "yes", "on")


def is_true(text: str) -> bool:
    """Whether a text means yes."""
    return text.lower() in TRUE_WORDS


def debug_is_on() -> bool:
    """Whether Kolibri was told to show details."""
    return is_true(os.environ.get("KOLIBRI_DEBUG", ""))
