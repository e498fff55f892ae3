"""The commands in plain text, such as a remedy.

A command begins a line or follows a colon, and ends with its line; a backslash continues it. A
reader of a remedy can therefore select the rest of the line and paste it.
"""

from __future__ import annotations

import re

BEGIN = re.compile(r"(?:^|(?<=: ))(?=az [a-z])")


def commands(text: str) -> list[str]:
    """The commands in a text, each as a script."""
    found = []
    for line in text.replace("\\\n", " ").splitlines():
        begin = BEGIN.search(line.strip())
        if begin:
            found.append(line.strip()[begin.start() :])
    return found
