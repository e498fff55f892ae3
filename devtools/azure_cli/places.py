"""Every place where the project prints or documents a command."""

from __future__ import annotations

import json
import re
import typing
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from devtools.azure_cli import lines, pages, preflight
from devtools.azure_cli.printed import NAMED, Example
from devtools.azure_cli.source import Sources

CHECKOUT = Path(__file__).parents[2]

#: Packages whose code prints messages.
PACKAGES = ("kolibri_azure_plugin", "devtools", "bench")

PAGES = ("*.md", "docs/*.md", "devtools/*.md")

#: An expression in a workflow.
EXPRESSION = re.compile(r"\$\{\{.*?\}\}")
LITERAL = re.compile(r"'([^']+)'")
VARIABLE = re.compile(r"\$\{?([A-Z][A-Z_]+)\b")


def in_pages() -> Iterator[Example]:
    """The examples of the pages."""
    for pattern in PAGES:
        for path in sorted(CHECKOUT.glob(pattern)):
            yield from pages.examples(path.name, path.read_text(encoding="utf-8"))


def in_code() -> Iterator[Example]:
    """The remedies and messages in the source code."""
    paths = {
        ".".join(path.relative_to(CHECKOUT).with_suffix("").parts): path
        for folder in PACKAGES
        for path in sorted((CHECKOUT / folder).rglob("*.py"))
    }
    sources = Sources({name: path.read_text(encoding="utf-8") for name, path in paths.items()})
    for name, path in paths.items():
        for line, text in sources.texts(name):
            yield from _in_text(f"{path.relative_to(CHECKOUT)}:{line}", text)


def in_golden_files() -> Iterator[Example]:
    """The output of doctor and preflight, with all values filled in."""
    for path in sorted(CHECKOUT.glob("tests/golden/*/*.json")):
        document = json.loads(path.read_text(encoding="utf-8"))
        for check in document.get("checks", [document]):
            yield from _in_text(f"{path.name}, {check['id']}", check["remedy"])


def in_preflight() -> Iterator[Example]:
    """The queries of preflight, and the commands that it may print."""
    for path in (CHECKOUT / "arm/preflight", *sorted(CHECKOUT.glob("arm/preflight.d/*.sh"))):
        yield from preflight.examples(path.name, path.read_text(encoding="utf-8"))


def in_workflows() -> Iterator[Example]:
    """The steps of the hosted workflows."""
    import yaml

    for path in sorted((CHECKOUT / ".github/workflows").glob("*.yml")):
        workflow = yaml.safe_load(path.read_text(encoding="utf-8"))
        for name, job in workflow["jobs"].items():
            for step in job.get("steps", []):
                script = _evaluated(step.get("run", ""))
                if NAMED.search(script):
                    place = f"{path.name}, {name}, {step.get('name', script.splitlines()[0])}"
                    variables = _variables(script, workflow, job, step)
                    yield Example(place, script, variables + script)


def in_templates() -> Iterator[Example]:
    """The texts of templates, form and parameters, except computed outputs."""
    for path in sorted((CHECKOUT / "arm").rglob("*.json")):
        document = json.loads(path.read_text(encoding="utf-8"))
        outputs = document.pop("outputs", {})
        said = [text for text in _strings(outputs) if not text.startswith("[")]
        for text in (*said, *_strings(document)):
            yield from _in_text(path.name, text)


def in_outputs(name: str, outputs: Mapping[str, object]) -> Iterator[Example]:
    """The outputs of a deployment.

    :param name: the name of the template.
    """
    for output, value in outputs.items():
        for text in _strings(value):
            yield from _in_text(f"{name}, output {output}", text)


def everywhere() -> Iterator[Example]:
    """All places except the outputs, which need a template engine."""
    yield from in_pages()
    yield from in_code()
    yield from in_golden_files()
    yield from in_preflight()
    yield from in_workflows()
    yield from in_templates()


def _in_text(place: str, text: str) -> Iterator[Example]:
    if NAMED.search(text):
        yield Example(place, text, "\n".join(lines.commands(text)))


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from _strings(each)
    elif isinstance(value, Iterable):
        for each in value:
            yield from _strings(each)


def _evaluated(text: str) -> str:
    """Replace each expression in a workflow's text with its last literal."""
    return EXPRESSION.sub(lambda match: ["VALUE", *LITERAL.findall(match[0])][-1], text)


def _variables(script: str, *levels: Mapping[str, typing.Any]) -> str:
    """The environment of a step as shell code; earlier steps may have set parts of it."""
    given = {name: name.lower() for name in VARIABLE.findall(script)}
    for level in levels:
        given |= {name: _evaluated(str(value)) for name, value in level.get("env", {}).items()}
    return "".join(f"export {name}='{value}'\n" for name, value in given.items())
