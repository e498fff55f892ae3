"""The examples of pages in Markdown that call az."""

from __future__ import annotations

import re
from collections.abc import Iterator

from devtools.azure_cli.printed import Example

#: A longer command for which a page says DEPLOY.
DEPLOY = re.compile(r"`DEPLOY` stands for .*\n\n((?: {4}.*\n)+)")

#: Code between two fences, and the language that the first one names.
FENCED = re.compile(r"^ *```(?P<language>\w*)\n(?P<code>.*?)^ *```$", re.DOTALL | re.MULTILINE)
OF_A_SHELL = ("", "sh", "bash", "console")

INDENTED = re.compile(r"(?:\d+\.)? {4,}(?P<code>\S.*)")
SPAN = re.compile(r"`((?:az|DEPLOY) [^`]+)`")

HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


def examples(name: str, page: str) -> Iterator[Example]:
    """The examples of a page that call az, each with the section it stands in.

    They are blocks of code, and code within sentences that is a command.
    """
    prelude = _meaning_of_deploy(page)
    for heading, section in _sections(page):
        place = f"{name}, {heading}" if heading else name
        for block in _blocks(section):
            if re.search(r"\b(az|DEPLOY)\b", block):
                yield Example(place, block, prelude + block)
        for span in SPAN.findall(FENCED.sub("", section)):
            yield Example(place, span, prelude + " ".join(span.split()))


def _meaning_of_deploy(page: str) -> str:
    command = DEPLOY.search(page)
    return f'DEPLOY() {{ {command[1].strip()} "$@"; }}\n' if command else ""


def _sections(page: str) -> Iterator[tuple[str, str]]:
    """Heading and text of each section. A comment in a shell's example is no heading."""
    veiled = FENCED.sub(lambda match: match[0].replace("#", " "), page)
    begins = [match.start() for match in HEADING.finditer(veiled)]
    for begin, end in zip([0, *begins], [*begins, len(page)]):
        section = page[begin:end]
        heading = HEADING.match(section)
        yield (heading[1] if heading else ""), section


def _blocks(section: str) -> list[str]:
    """The blocks of code of a section, fenced or indented."""
    found = [match["code"] for match in FENCED.finditer(section) if match["language"] in OF_A_SHELL]
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
