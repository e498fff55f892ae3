"""What the wheel asks for, in the versions that the image of the same release has."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from devtools.container.locks import KOLIBRI_VERSIONS
from devtools.release.parts import PYTHON, Part
from devtools.release.source import Source

#: As uv writes it: name and version, hashes, and what the package is there for.
ENTRY = re.compile(
    r"^(?P<name>[\w.-]+)==(?P<version>[^\s;\\]+)[^\n]*\n"
    r"(?: +--hash=[^\n]+\n)+"
    r" +# via(?P<askers>(?:[^\n]*\n)(?: +#   [^\n]+\n)*)",
    re.MULTILINE,
)

#: How the locks call the plugin.
PLUGIN = "kolibri-azure-plugin"
ASKER = re.compile(r"^[ #]*(?P<name>[\w.-]+)(?: \(setup\.py\))?$")


class Locked(NamedTuple):
    """Parts, and for each asker's name those that it asks for; the plugin is the first asker."""

    parts: tuple[Part, ...]
    needs: Mapping[str, tuple[str, ...]]


def locked_parts(source: Source) -> Locked:
    """Everything that the plugin needs, directly or not. What Kolibri brings is within Kolibri."""
    versions = {"kolibri": KOLIBRI_VERSIONS[-1]}
    asked: dict[str, list[str]] = {PLUGIN: ["kolibri"]}
    for entry in ENTRY.finditer(source.text("docker/requirements.lock")):
        versions[entry["name"]] = entry["version"]
        for line in entry["askers"].splitlines():
            asker = ASKER.match(line)
            if asker:
                asked.setdefault(asker["name"], []).append(entry["name"])
    needs: dict[str, tuple[str, ...]] = {}
    waiting = [PLUGIN]
    while waiting:
        name = waiting.pop()
        if name not in needs:
            needs[name] = tuple(asked.get(name, ()))
            waiting.extend(needs[name])
    parts = tuple(Part(PYTHON, name, versions[name]) for name in sorted(set(needs) - {PLUGIN}))
    return Locked(parts, needs)
