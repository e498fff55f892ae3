"""Pages, docstrings, comments and messages keep to the words of `prose_rules.txt`."""

from __future__ import annotations

import io
import re
import subprocess
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

RULES = Path(__file__).with_name("prose_rules.txt")

#: Texts by others, the rules themselves, and a history.
EXCEPT = (
    "CHANGELOG.md",
    "LICENSE",
    "docs/patches-for-others/",
    "tests/unit/prose_rules.txt",
    "tests/unit/test_prose.py",
)

PROSE = (tokenize.COMMENT, tokenize.STRING)

#: The text of an f-string, from Python 3.12 on.
PROSE_NAMES = ("FSTRING_MIDDLE",)

#: In pages and shell scripts: text for a program.
CODE = re.compile(r"```.*?```|`[^`\n]*`|^ {4,}\S.*$|\]\([^)]*\)", re.MULTILINE | re.DOTALL)


def rules() -> list[tuple[re.Pattern[str], str]]:
    lines = RULES.read_text(encoding="utf-8").splitlines()
    pairs = [line.split(" -> ") for line in lines if line and not line.startswith("#")]
    return [(re.compile(rule, re.IGNORECASE), advice) for rule, advice in pairs]


def blank(match: re.Match[str]) -> str:
    """As many empty lines."""
    return "\n" * match.group().count("\n")


def of_python(source: str) -> str:
    """Comments and strings, each on its own line number."""
    found: dict[int, str] = {}
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type in PROSE or tokenize.tok_name[token.type] in PROSE_NAMES:
            for number, line in enumerate(token.string.splitlines(), token.start[0]):
                found[number] = f"{found.get(number, '')} {line.strip()}"
    return "\n".join(found.get(number, "") for number in range(1, max(found, default=0) + 1))


def prose_of(path: Path) -> str:
    text = path.read_text(encoding="utf-8")
    return of_python(text) if path.suffix == ".py" else CODE.sub(blank, text)


def problems(name: str, text: str) -> Iterator[str]:
    for rule, advice in rules():
        for match in rule.finditer(text):
            number = text.count("\n", 0, match.start()) + 1
            yield f"{name}:{number}: {match.group()!r}: {advice}"


@pytest.fixture(scope="module")
def files(repository: Path) -> list[str]:
    patterns = ("*.md", "*.py", "*.sh", "docker/*", ".ci/run", "Makefile")
    found = subprocess.run(
        ["git", "ls-files", "--", *patterns],
        cwd=repository,
        capture_output=True,
        check=True,
        text=True,
    ).stdout.splitlines()
    return [name for name in found if not name.startswith(EXCEPT)]


@pytest.mark.parametrize("rule", ["mend", "Nobody", "anew", "It is done. Who asks is told."])
def test_each_rule_finds_its_fault(rule):
    assert list(problems("page", rule))


def test_a_question_may_begin_with_a_pronoun():
    assert not list(problems("page", "It stops. What happens then?"))


def test_prose_keeps_to_the_rules(repository, files):
    assert len(files) > 100
    found = [p for name in files for p in problems(name, prose_of(repository / name))]
    assert not found, "\n".join(found)
