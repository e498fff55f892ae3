"""The steps of a release."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Optional

from devtools.container.engine import find_engine
from devtools.release import image_components, locked_components
from devtools.release.components import IMAGE, PYTHON, Part, Subject
from devtools.release.destinations import IMAGE as VARIABLE
from devtools.release.destinations import Destinations
from devtools.release.image import (
    ImageFacts,
    load_image,
    make_image,
    manifest_digest,
    read_facts,
)
from devtools.release.listing import listing
from devtools.release.output import Output
from devtools.release.packages import build_packages
from devtools.release.page import release_page
from devtools.release.readiness import problems
from devtools.release.source import ReleaseError, Source


class Release:
    """The steps, each of which finds the results of earlier ones in `output`.

    Only the building steps need the packages of requirements/release.lock. The publishing steps
    have access to an account's token, so they install nothing.

    :param tag: the tag of the release; empty in a dry run.
    :param address: the address of the repository that runs the workflow; empty in a dry run.
    :param digest: the digest of the image that was built and listed, as ``sha256:…``. It comes from
        the build and not from `output`, which may have changed since. Empty up to the list.
    """

    def __init__(
        self,
        source: Source,
        output: Output,
        *,
        tag: str = "",
        address: str = "",
        digest: str = "",
    ) -> None:
        self.source = source
        self.output = output
        self.tag = tag
        self.address = address
        self.digest = digest
        self.destinations = Destinations.from_environ(os.environ)

    def check(self) -> None:
        found = self._problems()
        if found:
            raise ReleaseError(
                "this can't be released:\n" + "\n".join(f"  {each}" for each in found)
            )

    def packages(self) -> None:
        for path in build_packages(self.source, self.output):
            print(f"  {path}")

    def image(self) -> None:
        facts = make_image(self.source, self.output, find_engine())
        print(f"  {facts.name}, {facts.digest}")

    def bills(self) -> None:
        self._write_packages_sbom()
        if self._facts:
            self._write_image_sbom(self._facts)

    def page(self) -> None:
        text = release_page(self.source, self._facts, self.destinations.image)
        self.output.page.write_text(text, encoding="utf-8")

    def list(self) -> None:
        print(
            listing(
                *(self.source, self.output, self.destinations),
                image=self._facts,
                problems=self._problems(),
            ),
            end="",
        )

    def load(self) -> None:
        facts = read_facts(self.output)
        self._check_digest(facts)
        load_image(self.output, find_engine(), facts.name)
        print(f"  {facts.name}")

    def push(self) -> None:
        self.check()
        repository, facts = self.destinations.image, read_facts(self.output)
        if repository is None:
            raise ReleaseError(
                f"{VARIABLE} is empty: set it to the name under which to publish the image"
            )
        if facts.is_stand_in and not repository.is_on_this_machine:
            raise ReleaseError(
                f"this image is built on {facts.base}, a stand-in for the real base: build it "
                "where the base's registry can be reached"
            )
        self._check_digest(facts)
        print(repository.push(self.output, self.source.tag, self.digest))

    def _check_digest(self, facts: ImageFacts) -> None:
        if not self.digest:
            raise ReleaseError(
                "--digest is missing: give the digest of the image that was built and listed, as "
                "the step `image` printed it"
            )
        found = manifest_digest(self.output)
        if not self.digest == found == facts.digest:
            raise ReleaseError(
                f"{self.output.image} is not the image that was built and listed: that is "
                f"{self.digest}, this {found}, and {self.output.facts.name} says {facts.digest}. "
                "Find out what has changed it, and build again"
            )

    @property
    def _facts(self) -> Optional[ImageFacts]:
        """The facts about the image; None for a release without one."""
        return read_facts(self.output) if self.output.facts.exists() else None

    def _problems(self) -> Sequence[str]:
        return list(problems(self.source, tag=self.tag, address=self.address))

    def _write_packages_sbom(self) -> None:
        from devtools.release import sbom

        wheel, locked = self.output.wheel(), locked_components.locked_components(self.source)
        sbom.write_sbom(
            self.output.packages_sbom,
            Subject.of_file(Part(PYTHON, locked_components.PLUGIN, self.source.version), wheel),
            locked.parts,
            needs=locked.needs,
            moment=self.source.moment,
        )

    def _write_image_sbom(self, facts: ImageFacts) -> None:
        from devtools.release import sbom

        part = Part(IMAGE, "kolibri-azure", facts.digest)
        sbom.write_sbom(
            self.output.image_sbom,
            Subject(part, facts.digest.partition(":")[2]),
            image_components.read_components(find_engine(), facts.name),
            moment=self.source.moment,
        )
