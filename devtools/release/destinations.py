"""Where a release goes: only where the repository's variables say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Optional

from devtools.release.registry import Repository
from devtools.release.source import ReleaseError

#: The repository's variables: the name of a container image, and ``true``.
IMAGE, PYPI = "PUBLISH_IMAGE", "PUBLISH_PYPI"


@dataclass(frozen=True)
class Destinations:
    """The places to publish to; by default there are none.

    :param image: the name of the published container image; None to not publish it.
    :param pypi: whether to publish the Python packages.
    """

    image: Optional[Repository] = None
    pypi: bool = False

    @classmethod
    def from_environ(cls, environment: Mapping[str, str]) -> Destinations:
        """Read the two variables. Raises ReleaseError if one is invalid."""
        image, pypi = environment.get(IMAGE, ""), environment.get(PYPI, "")
        if pypi not in ("", "true"):
            raise ReleaseError(f"{PYPI} is {pypi!r}: set it to true, or remove the variable")
        return cls(Repository.parse(image) if image else None, pypi == "true")
