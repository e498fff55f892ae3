"""The commands of arm/preflight: its own queries with az, and those that it prints for users.

Its golden files contain printed commands too, with values, but only those that their tests reach.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from devtools.azure_cli.printed import Example

#: A query, where a shell command may be: ``ask NAME WORDS...``.
QUESTION = re.compile(
    r"(?:^|\b(?:if|elif)|!|\{|&&|\|\|) *ask (?:\"[^\"]*\"|\S+) (?P<words>.+?)"
    r"(?=;| &&| \|\| (?:true|return)|$)",
    re.MULTILINE,
)

#: A query passed to a function, which names it.
DELEGATED_QUERY = re.compile(r"\" +ask (?P<words>.+)$", re.MULTILINE)

#: A printed command, up to the end of its string.
TOLD = re.compile(r": (?P<command>az [a-z](?:[^\"\\]|\\.)*)\"")

#: Values known only at run time, in the syntax of jq and of the shell.
SHELL_EXPANSION = re.compile(r"\\\([^)]*\)|\$\([^)]*\)|\$\{(?P<changed>\w+)[^}]*\}|\$(?P<name>\w+)")

#: Values for variables whose form az checks.
EXAMPLES = {"SCOPE": "/subscriptions/S/resourceGroups/GROUP", "sku": "B2"}


def examples(name: str, program: str) -> Iterator[Example]:
    """The commands of one file.

    :param program: its text.
    """
    lines = program.replace("\\\n", " ").splitlines()
    code = "\n".join(line.strip() for line in lines if not line.lstrip().startswith("#"))
    for question in (*QUESTION.finditer(code), *DELEGATED_QUERY.finditer(code)):
        yield _example(name, f"az {question['words']}")
    for told in TOLD.finditer(code):
        yield _example(name, told["command"].replace('\\"', '"'))


def _example(name: str, script: str) -> Example:
    return Example(name, script, SHELL_EXPANSION.sub(_value, script))


def _value(place: re.Match[str]) -> str:
    return EXAMPLES.get(place["name"] or place["changed"], "VALUE")
