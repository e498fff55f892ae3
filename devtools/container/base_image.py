"""The base image, or a stand-in for it if no registry is reachable.

mmdebstrap makes the stand-in from Debian's packages: the same Debian, but with Debian's Python
instead of the official one.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from devtools.container.engine import Engine, EngineError

BASE = "public.ecr.aws/docker/library/python:3.12-slim-trixie"
STAND_IN = "localhost/kolibri-azure-base"

#: The base's Debian release, then one that nearly every machine can fetch.
RELEASES = ("trixie", "bookworm")
PACKAGES = "python3,python3-venv,ca-certificates,netbase,tzdata"

# As in the real base: Python in /usr/local, and pip may install.
HOOKS = (
    'ln -s /usr/bin/python3 "$1/usr/local/bin/python"',
    'ln -s /usr/bin/python3 "$1/usr/local/bin/python3"',
    'rm -f "$1"/usr/lib/python3*/EXTERNALLY-MANAGED',
)

PULL_SECONDS = 300
BOOTSTRAP_SECONDS = 600
SOURCES = (Path("/etc/apt/sources.list"), Path("/etc/apt/sources.list.d"))


class MissingBaseError(Exception):
    """Neither the base nor a stand-in is available. The text says what to do."""


def base_image(engine: Engine) -> str:
    """Fetch or build the base if it is absent; return its name."""
    for name in (BASE, *(f"{STAND_IN}:{release}" for release in RELEASES)):
        if engine.has_image(name):
            return name
    try:
        engine.run("pull", "--quiet", BASE, seconds=PULL_SECONDS)
    except (EngineError, subprocess.TimeoutExpired) as error:
        return _stand_in(engine, str(error))
    return BASE


def _stand_in(engine: Engine, why: str) -> str:
    if not shutil.which("mmdebstrap"):
        raise MissingBaseError(
            f"{BASE} can't be fetched ({why}), and without mmdebstrap no stand-in can be made: "
            "apt-get install mmdebstrap, or use a machine that reaches the registry"
        )
    said = []
    for release in RELEASES:
        with tempfile.TemporaryDirectory(prefix="base-") as folder:
            try:
                return _bootstrap(engine, release, Path(folder))
            except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
                said.append(f"{release}: {_reason(error)}")
    raise MissingBaseError(f"{BASE} can't be fetched ({why}), and no stand-in was made: {said}")


def _reason(error: subprocess.SubprocessError) -> str:
    said = str(getattr(error, "stderr", "") or "").strip().splitlines()
    return said[-1] if said else str(error)


def _bootstrap(engine: Engine, release: str, folder: Path) -> str:
    archive, sources = folder / "base.tar", folder / "sources.list"
    sources.write_text("".join(debian_sources(release)))
    subprocess.run(
        [
            *(
                "mmdebstrap",
                "--variant=minbase",
                f"--mode={'root' if os.getuid() == 0 else 'unshare'}",
            ),
            *(f"--include={PACKAGES}", *(f"--customize-hook={hook}" for hook in HOOKS)),
            *(release, str(archive), str(sources)),
        ],
        check=True,
        capture_output=True,
        text=True,
        timeout=BOOTSTRAP_SECONDS,
    )
    name = f"{STAND_IN}:{release}"
    engine.run("import", "--change", 'CMD ["python3"]', archive, name, seconds=PULL_SECONDS)
    return name


def debian_sources(release: str, places: tuple[Path, ...] = SOURCES) -> Iterator[str]:
    """This machine's sources of Debian packages, changed to `release`.

    Raises MissingBaseError on a machine that has none.
    """
    text = "\n".join(_files(places))
    # Every mirror of Debian uses these paths.
    mirrors = dict.fromkeys(re.findall(r"https?://\S+/debian(?:-security)?(?=[\s/])", text + "\n"))
    if not mirrors:
        raise MissingBaseError("this machine's /etc/apt names no archive of Debian")
    for address in mirrors:
        security = address.endswith("-security")
        suites = [f"{release}-security"] if security else [release, f"{release}-updates"]
        for suite in suites:
            yield f"deb {address} {suite} main\n"


def _files(places: tuple[Path, ...]) -> Iterator[str]:
    for place in places:
        for path in sorted(place.iterdir()) if place.is_dir() else [place]:
            if path.is_file():
                lines = path.read_text(errors="replace").splitlines()
                yield "\n".join(line for line in lines if not line.lstrip().startswith("#"))
