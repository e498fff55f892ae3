"""The list of what a release would publish, and where: the last step of a dry run."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Optional

from devtools.release.destinations import IMAGE, PYPI, Destinations
from devtools.release.image import ImageFacts
from devtools.release.output import Output
from devtools.release.source import Source

MEGABYTE = 1_000_000


def listing(
    source: Source,
    output: Output,
    destinations: Destinations,
    *,
    image: Optional[ImageFacts],
    problems: Sequence[str],
) -> str:
    """The list as text: each file with its facts and its destination."""
    return "\n".join(
        [
            f"{source.tag} of commit {source.revision} ({source.moment:%Y-%m-%d})",
            *_problems(problems),
            "",
            *_packages(output, destinations),
            "",
            *_image(source, destinations, image),
            "",
            *_proofs(output, destinations),
            "",
        ]
    )


def _problems(problems: Sequence[str]) -> Iterator[str]:
    for problem in problems:
        yield f"  not yet: {problem}"


def _packages(output: Output, destinations: Destinations) -> Iterator[str]:
    where = "PyPI" if destinations.pypi else f"nowhere, as the variable {PYPI} is not `true`"
    yield f"Python packages, to {where}:"
    for path in sorted(output.packages.iterdir()):
        yield f"  {path.name}  {_size(path.stat().st_size)}  sha256:{_sha256(path)}"


def _image(
    source: Source, destinations: Destinations, image: Optional[ImageFacts]
) -> Iterator[str]:
    if image is None:
        yield "Container image: not built"
        return
    if destinations.image:
        yield f"Container image, to {destinations.image.name}:"
        name = destinations.image.name
    else:
        yield f"Container image, to nowhere, as the variable {IMAGE} is empty:"
        name = "NAME"
    yield f"  {name}@{image.digest}  {_size(image.size)}  {image.platform}, tag {source.tag}"
    yield f"  built on {image.base}"
    if image.is_stand_in:
        yield "  (which stands in for the real base: this image is for trying, not for publishing)"


def _proofs(output: Output, destinations: Destinations) -> Iterator[str]:
    published = destinations.pypi or destinations.image
    yield (
        "With it, attestations of provenance and of these bills of materials, and a page:"
        if published
        else "Nothing is attested, and the release gets no page. There would be:"
    )
    for path in (output.packages_sbom, output.image_sbom):
        if path.exists():
            yield f"  {path.name}  {_size(path.stat().st_size)}  {_parts(path)} packages"
    yield f"  {output.page.name}  {_size(output.page.stat().st_size)}"


def _parts(bill: Path) -> int:
    return len(json.loads(bill.read_text(encoding="utf-8"))["components"])


def _size(octets: int) -> str:
    return f"{octets / MEGABYTE:.1f} MB" if octets >= MEGABYTE else f"{octets / 1000:.0f} kB"


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
