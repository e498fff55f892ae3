"""The section of CHANGELOG.md about one version."""

from __future__ import annotations

import re
from typing import NamedTuple, Optional

#: The version and its release date, in the form of https://keepachangelog.com.
HEADING = re.compile(r"^## \[?(?P<version>\d[^\s\]]*)\]? - (?P<day>.+)$", re.MULTILINE)
DAY = re.compile(r"\d{4}-\d\d-\d\d")


class Section(NamedTuple):
    """The changes in a version.

    :param day: the date, such as 2026-01-31, or the text in its place.
    :param text: the Markdown below the heading.
    """

    version: str
    day: str
    text: str

    @property
    def is_released(self) -> bool:
        return DAY.fullmatch(self.day) is not None


def section(changelog: str, version: str) -> Optional[Section]:
    """The section about `version`, or None."""
    headings = list(HEADING.finditer(changelog))
    for number, heading in enumerate(headings):
        if heading["version"] == version:
            end = headings[number + 1].start() if number + 1 < len(headings) else None
            return Section(version, heading["day"], changelog[heading.end() : end].strip() + "\n")
    return None
