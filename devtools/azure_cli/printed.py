"""Printed examples, and the calls that they make."""

from __future__ import annotations

import itertools
import re
import typing
from collections.abc import Iterable

from devtools.azure_cli import shell

COMMENT = re.compile(r"(^|\s)#.*")

#: Text that looks like a command.
NAMED = re.compile(r"(?<![\w/-])az (?=[a-z])(.*)")

#: A word of a command's name, unlike options, values and variables.
WORD = re.compile(r"[a-z][a-z-]*")


class Example(typing.NamedTuple):
    """An example for users to type.

    :param place: its place, for people.
    :param shown: the printed text.
    :param script: the text for the shell.
    """

    place: str
    shown: str
    script: str


class Printed(typing.NamedTuple):
    """A call that an example makes.

    :param program: ``az`` or ``jq``.
    :param words: the arguments.
    """

    place: str
    program: str
    words: tuple[str, ...]


class Collected(typing.NamedTuple):
    """The calls of all examples.

    :param printed: every call.
    :param missed: an error for each example that shows a command but never calls it.
    """

    printed: list[Printed]
    missed: list[str]


def collect(examples: Iterable[Example]) -> Collected:
    """Collect every call of the examples."""
    found = Collected([], [])
    for example in examples:
        calls = shell.calls(example.script)
        found.printed.extend(Printed(example.place, call.program, call.words) for call in calls)
        called = [call.words for call in calls if call.program == "az"]
        for name in _named(example.shown):
            if not any(words[: len(name)] == name for words in called):
                found.missed.append(
                    f"{example.place}: az {' '.join(name)} is never called. A command begins a "
                    f"line or follows a colon, and ends with its line:\n{example.shown}"
                )
    return found


def _named(shown: str) -> list[tuple[str, ...]]:
    """The names of the commands that a reader sees, without their options."""
    code = "\n".join(COMMENT.sub("", line) for line in shown.splitlines())
    behind = (text.replace(")", " ").split() for text in NAMED.findall(code))
    return [tuple(itertools.takewhile(WORD.fullmatch, words)) for words in behind]
