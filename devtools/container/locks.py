"""Writes the lock files of the image and the release, with all hashes.

``make lock`` resolves the requirements in setup.py and docker/*.in to the newest versions; it needs
the package index. ``make lock ARGS="--kolibri 0.19.6"`` only adds a lock for another Kolibri; build
it with ``--build-arg KOLIBRI_VERSION=0.19.6``.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
DOCKER = REPOSITORY / "docker"
RELEASE = REPOSITORY / "requirements" / "release.lock"

#: The image's Python. Newer ones use the same locks, which contain the hashes of all platforms.
PYTHON = "3.12"

#: The oldest Python for making a release: the oldest that the project supports.
RELEASE_PYTHON = "3.9"

#: The versions that get a lock.
KOLIBRI_VERSIONS = ("0.19.4", "0.19.5")

#: Kolibri has its own lock, and its bundled Django hides any other.
LEFT_OUT = ("kolibri", "django", "asgiref", "sqlparse", "tzdata")


def main(arguments: list[str] | None = None) -> int:
    """Write the locks; return the exit code."""
    parser = argparse.ArgumentParser(prog="make lock", description=__doc__)
    parser.add_argument("--kolibri", metavar="VERSION", help="only the lock for this Kolibri")
    only = parser.parse_args(arguments).kolibri
    try:
        for version in (only,) if only else KOLIBRI_VERSIONS:
            resolve(kolibri_lock(version), ["-"], text=f"kolibri=={version}\n")
        if not only:
            sources = ["setup.py", "docker/requirements.in"]
            resolve(DOCKER / "requirements.lock", sources, without=LEFT_OUT)
            resolve(DOCKER / "build.lock", ["docker/build.in"])
            resolve(RELEASE, ["requirements/release.in"], python=RELEASE_PYTHON)
    except subprocess.CalledProcessError as error:
        return int(error.returncode)
    return 0


def kolibri_lock(version: str) -> Path:
    """The lock for a Kolibri: one wheel, which needs no other package."""
    return DOCKER / f"kolibri-{version}.lock"


def resolve(
    lock: Path,
    sources: Sequence[str],
    *,
    without: Sequence[str] = (),
    text: str = "",
    python: str = PYTHON,
) -> None:
    """Lock the newest versions for `sources`, with all dependencies.

    :param python: the oldest Python that the lock supports.
    """
    print(f"writing {lock.relative_to(REPOSITORY)}", flush=True)
    subprocess.run(
        [
            *(sys.executable, "-m", "uv", "pip", "compile", *sources),
            *("--quiet", "--upgrade", "--universal", "--python-version", python),
            *("--generate-hashes", "--custom-compile-command", "make lock"),
            *(word for name in without for word in ("--no-emit-package", name)),
            *("--output-file", str(lock)),
        ],
        cwd=REPOSITORY,
        input=text,
        encoding="utf-8",
        check=True,
        # It prints the lock even with an output file.
        stdout=subprocess.DEVNULL,
    )


if __name__ == "__main__":
    sys.exit(main())
