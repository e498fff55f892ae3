"""The packages in a container image, queried in the image itself."""

from __future__ import annotations

import json
from collections.abc import Iterator

from devtools.container.engine import Engine
from devtools.release.components import DEBIAN, PYTHON, Part

# Kolibri bundles packages, which hide those that pip installed. So this searches the whole disk,
# not only Python's path.
PYTHON_PACKAGES = """
import email, json, os
found = []
for folder, folders, _ in os.walk("/"):
    folders[:] = [name for name in folders if os.path.join(folder, name) not in ("/proc", "/sys")]
    for name in folders:
        try:
            with open(os.path.join(folder, name, "METADATA"), encoding="utf-8") as file:
                message = email.message_from_file(file)
        except OSError:
            continue
        if name.endswith(".dist-info"):
            found.append([message["Name"], message["Version"], folder])
print(json.dumps(found))
"""

DEBIAN_PACKAGES = ("dpkg-query", "--show", "--showformat=${Package}\t${Version}\t${Architecture}\n")


def read_components(engine: Engine, image: str) -> Iterator[Part]:
    """Every Python package and every Debian package in `image`.

    Raises EngineError if the image can't be run.
    """
    places: dict[tuple[str, str], list[str]] = {}
    for name, version, place in json.loads(_run(engine, image, "python", "-c", PYTHON_PACKAGES)):
        places.setdefault((name.lower().replace("_", "-"), version), []).append(place)
    for (name, version), folders in sorted(places.items()):
        yield Part(PYTHON, name, version, places=tuple(sorted(set(folders))))
    for line in sorted(_run(engine, image, *DEBIAN_PACKAGES).splitlines()):
        name, version, architecture = line.split("\t")
        yield Part(DEBIAN, name, version, qualifiers=(("arch", architecture),))


def _run(engine: Engine, image: str, program: str, *arguments: str) -> str:
    return engine.run(
        *("run", "--rm", "--network=none", "--user=0:0", f"--entrypoint={program}"),
        *(image, *arguments),
    )
