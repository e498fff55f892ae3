"""Where a release goes: where the repository's owner has said, and nowhere else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Optional

from devtools.release.registry import Repository
from devtools.release.source import ReleaseError

#: Variables of the repository; a container image's name, and ``true``.
IMAGE, PYPI = "PUBLISH_IMAGE", "PUBLISH_PYPI"


@dataclass(frozen=True)
class Destinations:
    """Nothing is published unless it is told here.

    :param image: the name under which the container image is published; None: it is not.
    :param pypi: whether the Python packages are published.
    """

    image: Optional[Repository] = None
    pypi: bool = False

    @classmethod
    def told_by(cls, environment: Mapping[str, str]) -> Destinations:
        """What the two variables say. Raises ReleaseError where one of them says something else."""
        image, pypi = environment.get(IMAGE, ""), environment.get(PYPI, "")
        if pypi not in ("", "true"):
            raise ReleaseError(f"{PYPI} is {pypi!r}: expected true, or no such variable")
        return cls(Repository.parse(image) if image else None, pypi == "true")
