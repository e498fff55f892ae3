"""The wheel's dependencies, in the versions of the same release's image."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from devtools.container.locks import KOLIBRI_VERSIONS
from devtools.release.components import PYTHON, Part
from devtools.release.source import Source

#: An entry as uv writes it: name and version, hashes, and the packages that require it.
ENTRY = re.compile(
    r"^(?P<name>[\w.-]+)==(?P<version>[^\s;\\]+)[^\n]*\n"
    r"(?: +--hash=[^\n]+\n)+"
    r" +# via(?P<askers>(?:[^\n]*\n)(?: +#   [^\n]+\n)*)",
    re.MULTILINE,
)

#: The plugin's name in the locks.
PLUGIN = "kolibri-azure-plugin"
ASKER = re.compile(r"^[ #]*(?P<name>[\w.-]+)(?: \(setup\.py\))?$")


class Locked(NamedTuple):
    """The parts, and the dependencies of each by name, starting with the plugin's."""

    parts: tuple[Part, ...]
    needs: Mapping[str, tuple[str, ...]]


def locked_components(source: Source) -> Locked:
    """The plugin's direct and indirect dependencies, without packages bundled in Kolibri."""
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
