"""docs/patches.md, from kolibri_patches/tables/."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

from kolibri_azure_plugin.configuration.settings import APP
from kolibri_azure_plugin.kolibri_patches.patch import Kind, Patch
from kolibri_azure_plugin.kolibri_patches.tables import AREAS, PATCHES

PAGE = Path(__file__).parents[2] / "docs" / "patches.md"

NAMES = {patch.target: patch.name for patch in PATCHES}

INTRODUCTION = """# What the plugin changes in Kolibri

This page is written by `python -m devtools.patches write` from the tables in
`kolibri_azure_plugin/kolibri_patches/tables/`; a test keeps it up to date.

The plugin prefers Kolibri's own hooks, signals and settings, and most of it needs nothing else.
Otherwise it wraps one of Kolibri's functions, or one of a library bundled with Kolibri. It
identifies each of these {count} functions by a digest of its source. If Kolibri has changed the
function, the plugin leaves out the patch, and all patches that need it:

| kind | without it | if Kolibri has changed the function |
|---|---|---|
| safety ({safety}) | data could be lost or exposed | [Kolibri does not start](troubleshooting.md#kolibri-changed), unless a setting permits it |
| correctness ({correctness}) | something is wrong | the log and [the doctor](checks.md#azurekolibripatches) warn, and name the fault |
| speed ({speed}) | something is slower | a line of the log says so |

`kolibri_azure_plugin.wrapping.original` returns Kolibri's own function.
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
    lines += ["| function | kind | why no other way | evidence | without it |"]
    lines += ["|---|---|---|---|---|", *(_row(patch) for patch in area.PATCHES), ""]
    return "\n".join(lines)


def _row(patch: Patch) -> str:
    cells = (
        "<br>".join([f"`{patch.module}`", f"`{patch.name}`", *_limits(patch)]),
        patch.kind.value,
        patch.reason,
        patch.evidence,
        patch.without,
    )
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _limits(patch: Patch) -> Iterator[str]:
    """The limits of a patch, if any."""
    if patch.postgresql_only:
        yield "on PostgreSQL"
    if patch.plugin:
        yield f"with {patch.plugin}"
    if patch.roles != (APP,):
        yield f"in role {', '.join(patch.roles)}"
    if patch.needs:
        yield "needs " + ", ".join(f"`{NAMES[target]}`" for target in patch.needs)
