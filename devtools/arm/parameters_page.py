"""Writes docs/parameters.md from the templates: ``python -m devtools.arm.parameters_page``."""

from __future__ import annotations

import json
import typing
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "parameters.md"
TEMPLATES = {
    "Production": ROOT / "arm" / "prod_deployment_template.json",
    "Test": ROOT / "arm" / "test_deployment_template.json",
}

INTRODUCTION = """\
# Parameters of the templates

`python -m devtools.arm.parameters_page` writes this page, and a test checks that it matches the
templates. *Required* parameters must be set; *optional* ones have a default; *conditional* ones
must be set in the cases that their description names.
"""


def page() -> str:
    """The whole page as Markdown."""
    parts = [INTRODUCTION]
    for title, path in TEMPLATES.items():
        template = json.loads(path.read_text(encoding="utf-8"))
        parts.extend(_template(title, path, template))
    return "\n".join(parts)


def _template(title: str, path: Path, template: Mapping[str, typing.Any]) -> Iterator[str]:
    yield f"## {title}: `arm/{path.name}`\n"
    yield template["metadata"]["description"] + "\n"
    yield from _table(
        ("Parameter", "Type", "Default", "Meaning"),
        (
            (f"`{name}`", _type(each), _default(each), each["metadata"]["description"])
            for name, each in template["parameters"].items()
        ),
    )
    sizes = template.get("variables", {}).get("sizes")
    for name, definition in template.get("definitions", {}).items():
        yield f"### {_heading(name)}\n"
        yield definition["metadata"]["description"] + "\n"
        yield from _members(definition["properties"], sizes if name == "sizing" else None)
    yield f"### {title}: outputs\n"
    yield from _table(
        ("Output", "Meaning"),
        (
            (f"`{name}`", each["metadata"]["description"])
            for name, each in template["outputs"].items()
        ),
    )


def _heading(definition: str) -> str:
    return {"sizing": "Sizes, and the members of `sizeOverrides`"}.get(
        definition, "Members of `databaseAdministrator`"
    )


def _members(
    members: Mapping[str, typing.Any], sizes: Mapping[str, Mapping[str, typing.Any]] | None
) -> Iterator[str]:
    columns = list(sizes or ())
    yield from _table(
        ("Member", "Type", *columns, "Meaning"),
        (
            (
                f"`{name}`",
                _type(each),
                *(_code((sizes or {})[size][name]) for size in columns),
                each["metadata"]["description"],
            )
            for name, each in members.items()
        ),
    )


def _type(each: Mapping[str, typing.Any]) -> str:
    kind = str(each.get("type", "object"))
    if "allowedValues" in each:
        values = ", ".join(_code(value) for value in each["allowedValues"])
        return f"any of {values}" if kind == "array" else values
    limits = [
        f"{word} {each[key]}"
        for key, word in (("minValue", "from"), ("maxValue", "to"))
        if key in each
    ]
    limits += [
        f"{word} {each[key]} {'items' if kind == 'array' else 'characters'}"
        for key, word in (("minLength", "at least"), ("maxLength", "at most"))
        if key in each
    ]
    return ", ".join([kind, *limits])


def _default(each: Mapping[str, typing.Any]) -> str:
    if "defaultValue" in each:
        return _code(each["defaultValue"])
    return "left out" if each.get("nullable") else "none"


def _code(value: object) -> str:
    if value == "":
        return "empty"
    text = value if isinstance(value, str) else json.dumps(value)
    return f"`{text}`"


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    lines += ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows]
    yield "\n".join(lines) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    print(f"wrote {PAGE.relative_to(ROOT)}")
