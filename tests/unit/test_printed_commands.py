"""The tests find every command that the project prints or documents."""

from __future__ import annotations

import ast
import shutil
import textwrap

import pytest

from devtools import azure_cli
from devtools.azure_cli import lines, pages, places, preflight, shell
from devtools.azure_cli.expressions import UNKNOWN
from devtools.azure_cli.printed import NAMED, Example, collect
from devtools.azure_cli.source import FIELD, Sources
from devtools.azure_cli.verdicts import EXTENSIONS

pytestmark = pytest.mark.skipif(not shutil.which("bash"), reason="bash is not installed")


def calls(script):
    return [call.words for call in shell.calls(script)]


def said(**modules):
    """The texts with a command, from the last module."""
    sources = Sources({name: textwrap.dedent(source) for name, source in modules.items()})
    return [each.text for each in sources.texts(list(modules)[-1])]


@pytest.mark.parametrize(
    "script, words",
    [
        ("az login", [("login",)]),
        ("az a --b 'c d' \"$(az e)\"", [("e",), ("a", "--b", "c d", "answer")]),
        ("az a \\\n  --b c", [("a", "--b", "c")]),
        ("for x in 1 2; do az a $x; done", [("a", "1"), ("a", "2")]),
        ("timeout 60 az a || true", [("a",)]),
        ("until nc -z HOST PORT; do sleep 1; done; az a", [("a",)]),
        ("az a &", [("a",)]),
        ("az a | jq '.b'", [("a",), (".b",)]),
    ],
)
def test_the_commands_of_an_example_are_found(script, words):
    assert sorted(calls(script)) == sorted(words)


def test_no_program_of_this_machine_runs(tmp_path):
    shell.calls(f"touch {tmp_path}/file; curl --version > {tmp_path}/version")
    assert not (tmp_path / "file").exists()
    assert (tmp_path / "version").read_text() == ""


@pytest.mark.parametrize(
    "text, commands",
    [
        ("az a b", ["az a b"]),
        ("Wait. If it stays so: az a b", ["az a b"]),
        ("Look:\n  az a b\nand wait", ["az a b"]),
        ("az a \\\n  --b c", ["az a    --b c"]),
        ("GROUP is one of: az group list", ["az group list"]),
        ("what az a b prints", []),
        ("azure", []),
    ],
)
def test_a_command_begins_its_line_or_follows_a_colon(text, commands):
    assert lines.commands(text) == commands


def test_a_command_within_a_sentence_is_missed():
    text = "Take what az acr show prints."
    (missed,) = collect([Example("here", text, "\n".join(lines.commands(text)))]).missed
    assert "here: az acr show is never called" in missed


def test_a_page_shows_commands_in_blocks_and_in_sentences():
    page = textwrap.dedent("""\
        # One

        Type `az login`, or `az a
        --b`; not `b`.

            az indented

        ## Two

        1. First:

               az in a list

        ```sh
        # az comment
        az fenced
        ```

        ```json
        {"remedy": "az json"}
        ```
        """)
    printed, missed = collect(pages.examples("page.md", page))
    assert [(each.place, " ".join(each.words)) for each in printed] == [
        ("page.md, One", "indented"),
        ("page.md, One", "login"),
        ("page.md, One", "a --b"),
        ("page.md, Two", "fenced"),
        ("page.md, Two", "in a list"),
    ]
    assert missed == []


def test_a_page_may_give_a_long_command_a_name():
    page = "`DEPLOY` stands for this:\n\n    az deploy --all\n\nThen:\n\n    DEPLOY --more\n"
    printed = collect(pages.examples("page.md", page)).printed
    assert [each.words for each in printed] == [("deploy", "--all"), ("deploy", "--all", "--more")]


@pytest.mark.parametrize(
    "expression, text",
    [
        ("'az a'", "az a"),
        ("'az a ' 'b'", "az a b"),
        ("f'az a {x} {y.z}'", f"az a {UNKNOWN} {UNKNOWN}"),
        ("f'az a --at {now:%Y-%m-%d}'", "az a --at 2026-09-01"),
        ("'az a ' + b() + '\\naz c'", f"az a {UNKNOWN}\naz c"),
        ("'az a {b}'.format(b=1)", f"az a {UNKNOWN}"),
        ("START + ' b'", "az a b"),
        ("f'{START} b'", "az a b"),
        ("[f(START)]", "az a"),
        ("['az', 'a', '--b', c]", f"az a --b {UNKNOWN}"),
    ],
)
def test_code_says_strings_that_are_put_together(expression, text):
    assert said(module=f"START = 'az a'\nf(remedy={expression})\n") == [text]


def test_a_constant_may_come_from_another_module():
    assert said(first="START = 'az a'", second="from first import START as S\nf(S + ' b')") == [
        "az a b"
    ]


@pytest.mark.parametrize(
    "call, text",
    [
        ("start('b', 'c')", "az a b c"),
        ("start(b.c)", f"az a {UNKNOWN}"),
        ("start(*b)", f"az a {UNKNOWN}"),
        ("'See: ' + start('b') + '\\nwait'", "See: az a b\nwait"),
        ("f'{start(B)} --c'", "az a b --c"),
        ("named('b')", "az a --in everywhere --name b"),
        ("named('b', place='c')", "az a --in c --name b"),
        ("named('b', c())", f"az a --in {UNKNOWN} --name b"),
    ],
)
def test_a_function_of_another_module_may_put_a_command_together(call, text):
    commands = """\
        AZ = "az a"

        def start(*words: str) -> str:
            'Begins.'
            return f"{AZ} {' '.join(words)}"

        def named(name, place="everywhere"):
            return AZ + f" --in {place} --name {name}"
        """
    using = f"from commands import named, start\nB = 'b'\nf(remedy={call})\n"
    assert said(commands=commands, using=using) == [text]
    assert said(commands=commands) == []


def test_a_function_that_decides_is_not_followed():
    assert said(module="def start(x):\n    y = x\n    return 'az a'\nf(start(1) + ' b')\n") == [
        "az a"
    ]


def test_docstrings_show_commands_as_code():
    assert said(module='"""The az of today, as in ``az a b``."""\n') == ["az a b"]


def test_no_command_of_the_code_is_left_out():
    """Each string with a command is among those tried, so each beginning is used."""
    tried = "\n".join(example.shown for example in places.in_code())
    assert all((places.CHECKOUT / folder).is_dir() for folder in places.PACKAGES)
    left_out = [
        f"{path.name}:{node.lineno}: {node.value}"
        for folder in places.PACKAGES
        for path in (places.CHECKOUT / folder).rglob("*.py")
        for node in strings(ast.parse(path.read_text(encoding="utf-8")))
        if NAMED.search(node.value) and FIELD.sub(UNKNOWN, node.value).strip() not in tried
    ]
    assert left_out == []


def strings(tree):
    """Every string but docstrings."""
    prose = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in prose:
            yield node


def test_the_commands_and_hints_of_a_program_are_found():
    program = textwrap.dedent("""\
        # ask NAME WORDS...
        if ! ask plans appservice list --sku "${sku^^}"; then
            fail "Look, or ask somebody." "Choose one of: az appservice list --query \\"[].name\\""
        fi
        group() { ask group group show --name "$GROUP"; }
        free Vault "$name" \\
            ask acr check-name --name "$name"
        """)
    printed, missed = collect(preflight.examples("program", program))
    assert sorted(" ".join(each.words) for each in printed) == [
        "acr check-name --name VALUE",
        "appservice list --query [].name",
        "appservice list --sku B2",
        "group show --name VALUE",
    ]
    assert missed == []


def test_every_place_has_commands():
    for place in (
        places.in_pages,
        places.in_code,
        places.in_golden_files,
        places.in_preflight,
        places.in_workflows,
        places.in_templates,
    ):
        assert collect(place()).printed, place.__name__


def test_the_hosted_workflow_has_every_extension():
    added = {
        each.words[-1]
        for each in collect(places.in_workflows()).printed
        if each.place.startswith("commands.yml") and each.words[0] == "extension"
    }
    assert added == set(EXTENSIONS.values())


def test_outputs_are_a_place_too():
    outputs = {"check": "az webapp ssh -n a", "url": "https://a", "list": ["az b"]}
    printed = collect(azure_cli.in_outputs("test", outputs)).printed
    assert [each.words for each in printed] == [("webapp", "ssh", "-n", "a"), ("b",)]
