"""The commands that a page prints, word by word, as a shell takes them apart.

The shell is the real one, because the examples have quotes, loops, pipes and commands within
commands. It finds no program but stand-ins: that for ``az`` writes down what it was called with,
and that for DEPLOY, which a page may use as the name of a longer command, calls ``az``.
"""

from __future__ import annotations

import re
import subprocess
import tempfile
import typing
from collections.abc import Iterator
from pathlib import Path

#: What a command within a command answers: a resource id, which most of them ask for.
ANSWER = "/subscriptions/S/resourceGroups/GROUP/providers/Microsoft.Web/sites/APP"

STAND_IN = f"""#!/bin/bash
printf '%s\\0' "$@" >> "$CALLS"
printf '\\036' >> "$CALLS"
echo {ANSWER}
"""

#: The command for which a page says DEPLOY.
DEPLOY = re.compile(r"`DEPLOY` stands for .*\n\n((?: {4}.*\n)+)")

FENCE = re.compile(r"^ *```\w*\n(.*?)^ *```$", re.DOTALL | re.MULTILINE)
INDENTED = re.compile(r"(?:\d+\.)? {4,}(?P<code>\S.*)")
SPAN = re.compile(r"`((?:az|DEPLOY) [^`]+)`")


class Printed(typing.NamedTuple):
    """A call of az.

    :param words: what follows ``az``.
    :param example: the example that it comes from, as the page shows it.
    """

    words: tuple[str, ...]
    example: str


def commands(page: str) -> list[Printed]:
    """Every call of az in the examples of a page in Markdown."""
    preamble = _preamble(page)
    return [
        Printed(words, example)
        for example in examples(page)
        for words in _calls(f"{preamble}\n{example}")
    ]


def examples(page: str) -> Iterator[str]:
    """The examples that call az: blocks of code, and code within sentences that is a command."""
    for block in blocks(page):
        if re.search(r"\b(az|DEPLOY)\b", block):
            yield block
    for span in SPAN.findall(FENCE.sub("", page)):
        yield " ".join(span.split())


def blocks(page: str) -> list[str]:
    """The blocks of code of a page, fenced or indented."""
    found = FENCE.findall(page)
    block: list[str] = []
    before = ""
    for line in [*FENCE.sub("", page).split("\n"), ""]:
        code = INDENTED.fullmatch(line)
        if code and (block or not before or line[0].isdecimal()):
            block.append(code["code"])
        elif block:
            found.append("\n".join(block))
            block = []
        before = line
    return found


def _preamble(page: str) -> str:
    command = DEPLOY.search(page)
    return f'DEPLOY() {{ {command[1].strip()} "$@"; }}' if command else ""


def _calls(script: str) -> list[tuple[str, ...]]:
    with tempfile.TemporaryDirectory() as folder:
        calls, programs = Path(folder, "calls"), Path(folder, "programs")
        calls.touch()
        programs.mkdir()
        stand_in = programs / "az"
        stand_in.write_text(STAND_IN, encoding="utf-8")
        stand_in.chmod(0o755)
        subprocess.run(
            ["/bin/bash", "-c", script],
            cwd=folder,
            env={"PATH": str(programs), "CALLS": str(calls)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
        )
        written = calls.read_text(encoding="utf-8")
    return [tuple(call.split("\0")[:-1]) for call in written.split("\036") if call]
