"""Finds the examples in Markdown pages that call az."""

from __future__ import annotations

import re
from collections.abc import Iterator

from devtools.azure_cli.printed import Example

#: A longer command that a page abbreviates as DEPLOY.
DEPLOY = re.compile(r"`DEPLOY` stands for .*\n\n((?: {4}.*\n)+)")

#: A fenced code block and its language.
FENCED = re.compile(r"^ *```(?P<language>\w*)\n(?P<code>.*?)^ *```$", re.DOTALL | re.MULTILINE)
SHELL_LANGUAGES = ("", "sh", "bash", "console")

INDENTED = re.compile(r"(?:\d+\.)? {4,}(?P<code>\S.*)")
SPAN = re.compile(r"`((?:az|DEPLOY) [^`]+)`")

HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


def examples(name: str, page: str) -> Iterator[Example]:
    """Yield the examples of a page that call az, each with its section.

    These are code blocks, and inline code that is a command.
    """
    prelude = _deploy_alias(page)
    for heading, section in _sections(page):
        place = f"{name}, {heading}" if heading else name
        for block in _blocks(section):
            if re.search(r"\b(az|DEPLOY)\b", block):
                yield Example(place, block, prelude + block)
        for span in SPAN.findall(FENCED.sub("", section)):
            yield Example(place, span, prelude + " ".join(span.split()))


def _deploy_alias(page: str) -> str:
    command = DEPLOY.search(page)
    return f'DEPLOY() {{ {command[1].strip()} "$@"; }}\n' if command else ""


def _sections(page: str) -> Iterator[tuple[str, str]]:
    """The heading and text of each section. A comment in a shell example is not a heading."""
    veiled = FENCED.sub(lambda match: match[0].replace("#", " "), page)
    begins = [match.start() for match in HEADING.finditer(veiled)]
    for begin, end in zip([0, *begins], [*begins, len(page)]):
        section = page[begin:end]
        heading = HEADING.match(section)
        yield (heading[1] if heading else ""), section


def _blocks(section: str) -> list[str]:
    """The fenced or indented code blocks of a section."""
    found = [
        match["code"] for match in FENCED.finditer(section) if match["language"] in SHELL_LANGUAGES
    ]
    block: list[str] = []
    before = ""
    for line in [*FENCED.sub("", section).split("\n"), ""]:
        code = INDENTED.fullmatch(line)
        if code and (block or not before or line[0].isdecimal()):
            block.append(code["code"])
        elif block:
            found.append("\n".join(block))
            block = []
        before = line
    return found
