"""docs/patches.md, from the tables of kolibri_patches/."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

from kolibri_azure_plugin.kolibri_patches import AREAS, PATCHES
from kolibri_azure_plugin.kolibri_patches.patch import Kind, Patch
from kolibri_azure_plugin.settings import APP

PAGE = Path(__file__).parents[2] / "docs" / "patches.md"

NAMES = {patch.target: patch.name for patch in PATCHES}

INTRODUCTION = """# What the plugin changes in Kolibri

This page is written by `python -m devtools.patches write` from the tables in
`kolibri_azure_plugin/kolibri_patches/`; a test holds it in step.

Kolibri's own hooks, signals and settings come first, and most of the plugin needs nothing else.
Where there is none, it puts a function of its own around one of Kolibri's, or of the libraries that
Kolibri brings along. It knows each of these {count} by a digest of its source. Where the function
is another, what the plugin would change there is left out, with all that needs it:

| kind | without it | where Kolibri's function is another |
|---|---|---|
| safety ({safety}) | data could be lost or exposed | [the start ends](troubleshooting.md#kolibri-changed), unless a setting permits it |
| correctness ({correctness}) | something is wrong | the log and [the doctor](checks.md#azurekolibripatches) warn, and say what |
| speed ({speed}) | something is slower | a line of the log says so |

`kolibri_azure_plugin.wrapping.original` gives Kolibri's own function.
"""  # noqa: E501


def page() -> str:
    """The whole page."""
    kinds = {kind.value: sum(patch.kind is kind for patch in PATCHES) for kind in Kind}
    parts = [INTRODUCTION.format(count=len(PATCHES), **kinds)]
    parts += [_section(area) for area in AREAS]
    return "\n".join(parts)


def _section(area: ModuleType) -> str:
    heading, _, more = (area.__doc__ or "").strip().partition("\n")
    lines = [f"## {heading.rstrip('.')}", *([more.strip()] if more.strip() else []), ""]
    lines += ["| function | kind | why no other way | what it answers | without it |"]
    lines += ["|---|---|---|---|---|", *(_row(patch) for patch in area.PATCHES), ""]
    return "\n".join(lines)


def _row(patch: Patch) -> str:
    cells = (
        "<br>".join([f"`{patch.module}`", f"`{patch.name}`", *_limits(patch)]),
        patch.kind.value,
        patch.reason,
        patch.answers,
        patch.without,
    )
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _limits(patch: Patch) -> Iterator[str]:
    """Where it applies, if not everywhere."""
    if patch.postgresql_only:
        yield "on PostgreSQL"
    if patch.plugin:
        yield f"with {patch.plugin}"
    if patch.roles != (APP,):
        yield f"in role {', '.join(patch.roles)}"
    if patch.needs:
        yield "needs " + ", ".join(f"`{NAMES[target]}`" for target in patch.needs)
