"""Pages, docstrings, comments, messages and descriptions keep to the words of `prose_rules.txt`."""

from __future__ import annotations

import io
import re
import subprocess
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

RULES = Path(__file__).with_name("prose_rules.txt")

#: The kinds of files with texts for people. In git's patterns, ``*`` includes folders.
KINDS = (
    *("*.md", "*.py", "*.sh", "*.html", "*.js", "*.css", "*.c", "*.lua", "*.jq", "*.dot"),
    *("*.yml", "*.yaml", "*.toml", "*.ini", "*.schema.json", "*/messages/en.json"),
    *("arm/*", "docker/*", "requirements/*", ".ci/*", "Makefile", ".editorconfig", ".*ignore"),
)

#: The rules themselves, and a history.
EXCEPT = ("CHANGELOG.md", "tests/unit/prose_rules.txt", "tests/unit/test_prose.py")

PROSE = (tokenize.COMMENT, tokenize.STRING)

#: The text of an f-string, from Python 3.12 on.
PROSE_NAMES = ("FSTRING_MIDDLE",)

#: What can come between two lines of one text. Anything else separates texts.
WITHIN_PROSE = ("NL", "FSTRING_START", "FSTRING_END")

#: In pages: text for a program. Indented blocks are not among it, because many show messages.
CODE = re.compile(r"```[\s\S]*?```|`(?:[^`\n]|\n(?!\n))*`|\]\([^)]*\)")

#: What a line of a comment, a quotation or an indented text begins with.
MARGIN = re.compile(r"^[ \t]*(?:#+:?|//+|/?\*+|--|>)?[ \t]*", re.MULTILINE)

#: The quotation marks around a sentence in Python.
QUOTES = re.compile(r"""^[a-zA-Z]{0,2}(?:\"{3}|'{3}|["'])|(?:\"{3}|'{3}|["'])$""")

#: A string that is a value for a program.
NAME = re.compile(r"""(["'])\w*\1""")

#: For each rule, in the same order, a sentence that breaks it.
FAULTS = (
    "Tell whoever reads this.",
    "Nobody knows.",
    "Begin anew.",
    "A stranger could sign in.",
    "It was mended.",
    "It can be had for free.",
    "The table beside it.",
    "Whichever comes first.",
    "It depends upon this.",
    "It stands in the place of another.",
    "It waits as long as may be.",
    "It is not any more.",
    "The server that is asked.",
    "It is done. Who asks is told.",
    "It is done. What remains is kept.",
)


def rules() -> list[tuple[re.Pattern[str], str]]:
    lines = RULES.read_text(encoding="utf-8").splitlines()
    pairs = [line.split(" -> ") for line in lines if line and not line.startswith("#")]
    # A space may be the end of a line.
    patterns = [(rule.replace(" ", r"\s"), advice) for rule, advice in pairs]
    return [(re.compile(pattern, re.IGNORECASE), advice) for pattern, advice in patterns]


def blank(match: re.Match[str]) -> str:
    """As many empty lines."""
    return "\n" * match.group().count("\n")


def without_quotes(text: str) -> str:
    """A line of a string. A name stays in quotation marks."""
    return text if NAME.fullmatch(text) else QUOTES.sub("", text)


def of_python(source: str) -> str:
    """Comments and strings, each on its own line number."""
    found: dict[int, str] = {}
    apart = ""
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type in PROSE or tokenize.tok_name[token.type] in PROSE_NAMES:
            for number, line in enumerate(token.string.splitlines(), token.start[0]):
                text = MARGIN.sub("", without_quotes(line.strip()))
                found[number] = f"{found.get(number, '')}{apart} {text}".strip()
                apart = ""
        elif tokenize.tok_name[token.type] not in WITHIN_PROSE:
            apart = " |"
    return "\n".join(found.get(number, "") for number in range(1, max(found, default=0) + 1))


def prose_of(name: str, text: str) -> str:
    """As many lines as the text, without margins."""
    if name.endswith(".py"):
        prose = of_python(text)
    elif name.endswith(".md"):
        prose = MARGIN.sub("", CODE.sub(blank, text))
    else:
        prose = MARGIN.sub("", text)
    return prose.replace("\\n", " ")


def problems(name: str, text: str) -> Iterator[str]:
    text = prose_of(name, text)
    for rule, advice in rules():
        for match in rule.finditer(text):
            number = text.count("\n", 0, match.start()) + 1
            yield f"{name}:{number}: {match.group()!r}: {advice}"


@pytest.fixture(scope="module")
def files(repository: Path) -> list[str]:
    found = subprocess.run(
        ["git", "ls-files", "--", *KINDS],
        cwd=repository,
        capture_output=True,
        check=True,
        text=True,
    ).stdout.splitlines()
    return [name for name in found if name not in EXCEPT]


@pytest.mark.parametrize(("rule", "fault"), list(zip(rules(), FAULTS)))
def test_each_rule_finds_its_fault(rule, fault):
    _, advice = rule
    (found,) = problems("page.md", fault)
    assert found.endswith(advice)


def test_each_rule_has_a_sample():
    assert len(FAULTS) == len(rules())


@pytest.mark.parametrize(
    ("name", "line", "text"),
    [
        ("page.md", 5, "Type:\n\n    make test\n\nMend it."),
        ("page.md", 3, "Shown:\n\n    Nobody knows.\n"),
        ("page.md", 2, "1. First\n    and mend it.\n"),
        ("page.md", 5, "```sh\nmake test\n```\n\nMend it."),
        ("page.md", 2, "The `first\npart` is mended by the `second`."),
        ("page.md", 1, "It is not any\nmore."),
        ("page.md", 2, "It stops.\nWho asks is told."),
        ("module.py", 1, "# It is not any\n# more.\n"),
        ("module.py", 2, 'def f():\n    """Mend it."""\n'),
        ("module.py", 4, 'def f():\n    """Type:\n\n        mend"""\n'),
        ("module.py", 2, 'error(\n    "It is not any "\n    "more."\n)\n'),
        ("module.py", 1, 'text = "First.\\nMend it."\n'),
        ("module.py", 2, 'error(\n    f"It is not any "\n    f"more: {name}."\n)\n'),
        ("template.json", 2, '{\n    "description": "Mend it."\n}\n'),
        ("work.yml", 2, "steps:\n    - name: Mend it\n"),
        ("script", 2, "work() {\n    echo mend it\n}\n"),
        ("script", 1, "    # It is not any\n    # more.\n"),
        ("page.js", 1, "// It is not any\n// more.\n"),
    ],
)
def test_a_fault_is_found_on_its_line(name, line, text):
    (found,) = problems(name, text)
    assert found.startswith(f"{name}:{line}: ")


@pytest.mark.parametrize("text", ["```sh\nmend\n```\n", "Call `mend`.", "[It](mend.md)"])
def test_code_and_addresses_in_pages_are_not_prose(text):
    assert not list(problems("page.md", text))


def test_two_texts_in_python_are_not_one():
    assert not list(problems("module.py", 'def f():\n    """It ends."""\n    see("What is 1.")\n'))


def test_names_in_python_are_not_prose():
    assert not list(problems("module.py", "mend(anew)  # It works.\n"))


def test_a_question_may_begin_with_a_pronoun():
    assert not list(problems("page.md", "It stops. What happens then?"))


@pytest.mark.parametrize(
    "name",
    [
        "arm/preflight",
        "arm/prod_deployment_template.json",
        ".ci/run",
        ".github/workflows/tests.yml",
        "docker/nginx/starting.html",
        "docker/services/app/run",
        "kolibri_azure_plugin/web/status/messages/en.json",
        "kolibri_azure_plugin/templates/kolibri_azure_plugin/status/page.html",
    ],
)
def test_all_kinds_of_files_are_looked_at(files, name):
    assert name in files


def test_prose_keeps_to_the_rules(repository, files):
    texts = {name: (repository / name).read_text(encoding="utf-8") for name in files}
    found = [problem for name, text in texts.items() for problem in problems(name, text)]
    assert not found, "\n".join(found)
