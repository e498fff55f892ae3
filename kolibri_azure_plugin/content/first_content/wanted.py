"""Reads which channels KOLIBRI_AZURE_CHANNELS names."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable

#: As Kolibri accepts them (0.19.5, core/content/tasks.py).
TOKEN = re.compile(r"[a-z0-9]{5}-?[a-z0-9]{5}")

#: An id, once its hyphens are removed.
CHANNEL_ID = re.compile(r"[0-9a-f]{32}")


@dataclasses.dataclass(frozen=True)
class Wanted:
    """A channel, or a collection of channels, that the setting names.

    :param name: how the content server knows it, in lower case.
    :param is_token: False for a channel's id.
    """

    name: str
    is_token: bool

    @property
    def key(self) -> str:
        """The same for every spelling."""
        return self.name.replace("-", "")


def read_wanted(words: Iterable[str]) -> tuple[list[Wanted], list[str]]:
    """The named channels without repetitions, and the words that are neither token nor id."""
    wanted: dict[str, Wanted] = {}
    unreadable: list[str] = []
    for word in words:
        one = _read(word.strip().lower())
        if one is None:
            unreadable.append(word)
        else:
            wanted.setdefault(one.key, one)
    return list(wanted.values()), unreadable


def _read(word: str) -> Wanted | None:
    if TOKEN.fullmatch(word):
        return Wanted(word, is_token=True)
    channel_id = word.replace("-", "")
    return Wanted(channel_id, is_token=False) if CHANNEL_ID.fullmatch(channel_id) else None
