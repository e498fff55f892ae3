"""The commands of arm/preflight: the questions that it puts to az, and those that it tells to type.

What it tells is held by its golden files, too; those know the values, but only of what their tests
have come to.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from devtools.azure_cli.printed import Example

#: A question, where a command of the shell may stand: ``ask NAME WORDS...``.
QUESTION = re.compile(
    r"(?:^|\b(?:if|elif)|!|\{|&&|\|\|) *ask (?:\"[^\"]*\"|\S+) (?P<words>.+?)"
    r"(?=;| &&| \|\| (?:true|return)|$)",
    re.MULTILINE,
)

#: A question that is handed to a function, which gives it its name.
HANDED_ON = re.compile(r"\" +ask (?P<words>.+)$", re.MULTILINE)

#: What is told, up to the end of its string.
TOLD = re.compile(r": (?P<command>az [a-z](?:[^\"\\]|\\.)*)\"")

#: What the program knows when it runs, in the words of jq and of the shell.
KNOWN_LATER = re.compile(r"\\\([^)]*\)|\$\([^)]*\)|\$\{(?P<changed>\w+)[^}]*\}|\$(?P<name>\w+)")

#: Values for variables of which az looks at the form.
EXAMPLES = {"SCOPE": "/subscriptions/S/resourceGroups/GROUP", "sku": "B2"}


def examples(name: str, program: str) -> Iterator[Example]:
    """The commands of one file.

    :param program: its text.
    """
    lines = program.replace("\\\n", " ").splitlines()
    code = "\n".join(line.strip() for line in lines if not line.lstrip().startswith("#"))
    for question in (*QUESTION.finditer(code), *HANDED_ON.finditer(code)):
        yield _example(name, f"az {question['words']}")
    for told in TOLD.finditer(code):
        yield _example(name, told["command"].replace('\\"', '"'))


def _example(name: str, script: str) -> Example:
    return Example(name, script, KNOWN_LATER.sub(_value, script))


def _value(place: re.Match[str]) -> str:
    return EXAMPLES.get(place["name"] or place["changed"], "VALUE")
