"""The page's words, numbers and times in the language that Kolibri chose for a request."""

from __future__ import annotations

import dataclasses
import functools
import json
import math
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from django.http import HttpRequest
from django.utils import formats, timezone, translation
from django.utils.translation import get_language_info

MESSAGES = Path(__file__).parent / "messages"

#: The language of every text that has no translation, and of the doctor's reports.
ENGLISH = "en"

#: The parts of a period in seconds, longest first, with the message that counts them.
UNITS = ((86400, "days"), (3600, "hours"), (60, "minutes"), (1, "seconds"))

#: The units of sizes. Each is 1024 times the one before.
SIZES = ("KiB", "MiB", "GiB", "TiB")


@functools.cache
def messages(language: str) -> Mapping[str, str]:
    """The texts by their keys; in English where the language lacks one.

    :param language: a language of :func:`languages`.
    """
    texts: dict[str, str] = _load(ENGLISH)
    return texts if language == ENGLISH else {**texts, **_load(language)}


@functools.lru_cache(maxsize=1)
def languages() -> frozenset[str]:
    """The languages of the page, as Kolibri names them."""
    return frozenset(path.stem for path in MESSAGES.glob("*.json"))


@functools.cache
def _tree(language: str) -> Mapping[str, Any]:
    tree: dict[str, Any] = {}
    for key, text in messages(language).items():
        *parents, name = key.split(".")
        branch = tree
        for parent in parents:
            branch = branch.setdefault(parent, {})
        branch[name] = text
    return tree


def _load(language: str) -> dict[str, str]:
    texts: dict[str, str] = json.loads((MESSAGES / f"{language}.json").read_text(encoding="utf-8"))
    return texts


def wording_of(request: HttpRequest) -> Wording:
    """The words for a request, in English where the page lacks Kolibri's choice."""
    chosen = getattr(request, "LANGUAGE_CODE", ENGLISH)
    return Wording(chosen if chosen in languages() else ENGLISH)


@dataclasses.dataclass(frozen=True)
class Wording:
    """Texts, numbers and times in one language."""

    language: str

    @property
    def texts(self) -> Mapping[str, str]:
        """All texts by their keys."""
        return messages(self.language)

    @property
    def tree(self) -> Mapping[str, Any]:
        """All texts for a template, which reads ``jobs.title`` as the part of a part."""
        return _tree(self.language)

    @property
    def direction(self) -> str:
        """``rtl`` or ``ltr``."""
        return "rtl" if get_language_info(self.language)["bidi"] else "ltr"

    def text(self, key: str, **values: object) -> str:
        """A text with its values.

        :raises KeyError: when there is no such text in any language.
        """
        return self.texts[key].format(**values)

    def number(self, value: float, digits: int = 0) -> str:
        """A number, with its thousands apart."""
        return f"{value:,.{digits}f}"

    def size(self, count: float) -> str:
        """A number of bytes in the largest unit of which there is one: ``27.0 MiB``."""
        power = max(1, min(int(math.log2(max(count, 1)) // 10), len(SIZES)))
        return self.text(
            f"unit.{SIZES[power - 1]}", count=self.number(count / 2 ** (10 * power), 1)
        )

    def period(self, seconds: float) -> str:
        """A period in its largest unit: ``5 min``."""
        length, unit = next((each for each in UNITS if seconds >= each[0]), UNITS[-1])
        return self.text(f"unit.{unit}", count=self.number(seconds // length))

    def ago(self, seconds: float) -> str:
        """How long ago: ``5 min ago``."""
        return self.text("ago", period=self.period(max(0.0, seconds)))

    def moment(self, when: datetime) -> str:
        """A date and time in the deployment's time zone: ``29 November, 14:05``."""
        with translation.override(self.language):
            return str(formats.date_format(timezone.localtime(when), "j F, H:i"))

    def time(self, when: datetime) -> str:
        """A time of day in the deployment's time zone: ``14:05``."""
        return f"{timezone.localtime(when):%H:%M}"
