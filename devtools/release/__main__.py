"""Builds and lists the files of a release, for ``make release``.

Without a step, runs all steps up to the list, and publishes nothing. The release workflow runs the
same steps one by one, and then two more on other machines: `load`, and `push`, which needs an
account at a registry.
"""

from __future__ import annotations

import argparse
import contextlib
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from devtools.container.base_image import MissingBaseError
from devtools.container.engine import EngineError, MissingEngineError
from devtools.container.image import BuildFailedError
from devtools.release.destinations import IMAGE
from devtools.release.output import Output
from devtools.release.source import REPOSITORY, ReleaseError, exported
from devtools.release.steps import Release

STEPS = {
    "check": "check that tag, package, changelog, templates and address match",
    "packages": "build the wheel and the source distribution",
    "image": "build the container image",
    "bills": "write the bills of materials",
    "page": "write the text of the release's page",
    "list": "show what would be published, and where",
    "load": "load the image into this machine's container engine",
    "push": f"publish the image under the name in {IMAGE}",
}

#: Errors that a user can fix; their texts say how.
FAILURES = (
    BuildFailedError,
    EngineError,
    MissingBaseError,
    MissingEngineError,
    ReleaseError,
    subprocess.TimeoutExpired,
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the steps; return 0, or 1 if one failed."""
    options = _options(arguments)
    output = Output(options.output.resolve())
    steps = [options.step] if options.step else _dry_run(without_image=options.without_image)
    try:
        with exported() as source:
            release = Release(
                *(source, output),
                tag=options.tag,
                address=options.address,
                digest=options.digest,
            )
            if not options.step:
                _remove_old_output(output)
            for step in steps:
                if step != "list":
                    print(f"{step}: {STEPS[step]}", flush=True)
                getattr(release, step)()
    except FAILURES as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="make release",
        description=__doc__,
        epilog="steps: " + "; ".join(f"{name}: {what}" for name, what in STEPS.items()),
    )
    parser.add_argument("step", nargs="?", choices=STEPS, help="only this step")
    parser.add_argument("--output", type=Path, default=REPOSITORY / "dist", help="a folder")
    parser.add_argument("--tag", default="", help="the tag of the release")
    parser.add_argument("--address", default="", help="the project's address")
    parser.add_argument(
        "--digest", default="", help="for load and push: the digest printed by the step image"
    )
    parser.add_argument(
        "--without-image", action="store_true", help="only what needs no container engine"
    )
    return parser.parse_args(arguments)


def _dry_run(*, without_image: bool) -> list[str]:
    """All steps except the check, which the list includes, and the publishing ones."""
    return ["packages", *([] if without_image else ["image"]), "bills", "page", "list"]


def _remove_old_output(output: Output) -> None:
    for path in (output.facts, output.image_sbom, output.packages_sbom, output.page):
        with contextlib.suppress(FileNotFoundError):
            path.unlink()


if __name__ == "__main__":
    sys.exit(main())
