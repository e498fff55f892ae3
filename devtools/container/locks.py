"""Writes the lists of Python packages that image and release are made with, with all hashes.

``make lock`` resolves what setup.py and docker/*.in ask for to the newest versions, and needs the
package index; ``make lock ARGS="--kolibri 0.19.6"`` only adds the list of another Kolibri, which
then is built with ``--build-arg KOLIBRI_VERSION=0.19.6``.
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

#: The Python of the image. A newer one takes the same files: the locks hold all platforms' hashes.
PYTHON = "3.12"

#: The oldest Python that a release can be made with: any that the project supports.
RELEASE_PYTHON = "3.9"

#: What a new lock is written for.
KOLIBRI_VERSIONS = ("0.19.4", "0.19.5")

#: Kolibri has a list of its own, and brings its own Django, which hides any other.
LEFT_OUT = ("kolibri", "django", "asgiref", "sqlparse", "tzdata")


def main(arguments: list[str] | None = None) -> int:
    """Write the locks; the exit code."""
    parser = argparse.ArgumentParser(prog="make lock", description=__doc__)
    parser.add_argument("--kolibri", metavar="VERSION", help="only the list of this Kolibri")
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
    """The file that names the one wheel of a Kolibri; it needs no other package."""
    return DOCKER / f"kolibri-{version}.lock"


def resolve(
    lock: Path,
    sources: Sequence[str],
    *,
    without: Sequence[str] = (),
    text: str = "",
    python: str = PYTHON,
) -> None:
    """Write the newest versions that suit `sources`, with all that they need, to `lock`.

    :param python: the oldest Python that the list is for.
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
        # With an output file it prints the list all the same.
        stdout=subprocess.DEVNULL,
    )


if __name__ == "__main__":
    sys.exit(main())
