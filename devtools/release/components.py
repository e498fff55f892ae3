"""The data of a bill of materials: its subject and its parts."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

PYTHON, DEBIAN, IMAGE = "pypi", "deb", "oci"


@dataclass(frozen=True)
class Part:
    """A package, in the terms of https://github.com/package-url/purl-spec.

    :param kind: PYTHON, DEBIAN or IMAGE.
    :param qualifiers: distinguish packages of the same name and version.
    :param places: its folders in the image.
    """

    kind: str
    name: str
    version: str
    qualifiers: tuple[tuple[str, str], ...] = ()
    places: tuple[str, ...] = ()


@dataclass(frozen=True)
class Subject:
    """The subject of a bill.

    :param sha256: the digest of the file or of the image's manifest, 64 digits.
    """

    part: Part
    sha256: str

    @classmethod
    def of_file(cls, part: Part, path: Path) -> Subject:
        return cls(part, hashlib.sha256(path.read_bytes()).hexdigest())
