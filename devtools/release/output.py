"""The folder where the steps of a release store files for later steps."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from devtools.release.source import ReleaseError

SBOM_SUFFIX = ".cdx.json"


@dataclass(frozen=True)
class Output:
    """A folder outside version control."""

    folder: Path

    @property
    def packages(self) -> Path:
        """The folder with only the wheel and the source distribution."""
        return self.folder / "packages"

    @property
    def image(self) -> Path:
        """The container image in a registry's layout: manifest, configuration and layers."""
        return self.folder / "image"

    @property
    def packages_sbom(self) -> Path:
        """The bill of materials of the wheel."""
        return self.folder / f"kolibri-azure-plugin{SBOM_SUFFIX}"

    @property
    def image_sbom(self) -> Path:
        """The bill of materials of the image."""
        return self.folder / f"kolibri-azure-image{SBOM_SUFFIX}"

    @property
    def facts(self) -> Path:
        """The facts about the image for later steps."""
        return self.folder / "image.json"

    @property
    def page(self) -> Path:
        """The text of the release page."""
        return self.folder / "page.md"

    def wheel(self) -> Path:
        """The wheel. Raises ReleaseError unless there is exactly one."""
        found = sorted(self.packages.glob("*.whl"))
        if len(found) != 1:
            raise ReleaseError(
                f"{self.packages} should hold one wheel, and holds {len(found)}: run the step "
                "`packages` first"
            )
        return found[0]
