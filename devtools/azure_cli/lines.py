"""The commands in plain text, such as a remedy.

A command begins a line or follows a colon, and ends with its line; a backslash continues it. So
whoever reads a remedy can mark the line from there and paste it.
"""

from __future__ import annotations

import re

BEGIN = re.compile(r"(?:^|(?<=: ))(?=az [a-z])")


def commands(text: str) -> list[str]:
    """The commands of a text, each as a script."""
    found = []
    for line in text.replace("\\\n", " ").splitlines():
        begin = BEGIN.search(line.strip())
        if begin:
            found.append(line.strip()[begin.start() :])
    return found
