"""The text of a release page: the changes, the image with its digest, and how to verify both."""

from __future__ import annotations

from typing import Optional

from devtools.address import parse
from devtools.release.changelog import section
from devtools.release.image import ImageFacts
from devtools.release.registry import Repository
from devtools.release.source import ReleaseError, Source

PUBLISHED_IMAGE = """\
## The container image

    {reference}

Give this to the templates as `image`, with `imageSource` `published`. It is for {platform},
built of commit {revision} on {base}.
"""

NO_IMAGE = """\
## The container image

No image is published with this release. The templates build it: `imageSource` `build` with `ref`
`{tag}`, which are their defaults.
"""

PROOFS = """\
## Check what you get

Provenance and bill of materials are attested by the workflow that built these files.

    gh attestation verify FILE --repo {repository}
"""

PROOF_OF_IMAGE = """\
    gh attestation verify oci://{reference} --repo {repository}
"""


def release_page(
    source: Source, image: Optional[ImageFacts], repository: Optional[Repository]
) -> str:
    """The page as Markdown.

    :param image: None if no image was built.
    :param repository: where the image is published; None if it is not.

    Raises ReleaseError if CHANGELOG.md has no section about the version.
    """
    changes = section(source.text("CHANGELOG.md"), source.version)
    if changes is None:
        raise ReleaseError(f"CHANGELOG.md has no section about {source.version}")
    project = parse(source.address)
    ours = f"{project.owner}/{project.name}"
    if image is None or repository is None:
        return "\n".join(
            [changes.text, NO_IMAGE.format(tag=source.tag), PROOFS.format(repository=ours)]
        )
    reference = f"{repository.name}@{image.digest}"
    return "\n".join(
        [
            changes.text,
            PUBLISHED_IMAGE.format(
                reference=reference,
                platform=image.platform,
                revision=source.revision,
                base=image.base,
            ),
            PROOFS.format(repository=ours)
            + PROOF_OF_IMAGE.format(reference=reference, repository=ours),
        ]
    )
