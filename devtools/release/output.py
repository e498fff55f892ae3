"""Where the steps of a release leave what they make, for the steps after them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from devtools.release.source import ReleaseError

BILL = ".cdx.json"


@dataclass(frozen=True)
class Output:
    """A folder; nothing in it is a part of the checkout."""

    folder: Path

    @property
    def packages(self) -> Path:
        """The folder of the wheel and of the source distribution, and of nothing else."""
        return self.folder / "packages"

    @property
    def image(self) -> Path:
        """The container image as a registry has it: manifest, configuration and layers."""
        return self.folder / "image"

    @property
    def packages_bill(self) -> Path:
        """What the wheel asks for."""
        return self.folder / f"kolibri-azure-plugin{BILL}"

    @property
    def image_bill(self) -> Path:
        """What the image holds."""
        return self.folder / f"kolibri-azure-image{BILL}"

    @property
    def facts(self) -> Path:
        """What the later steps have to know of the image."""
        return self.folder / "image.json"

    @property
    def page(self) -> Path:
        """The text of the release's page."""
        return self.folder / "page.md"

    def wheel(self) -> Path:
        """The one wheel. Raises ReleaseError where there is none, or another one too."""
        found = sorted(self.packages.glob("*.whl"))
        if len(found) != 1:
            raise ReleaseError(
                f"{self.packages} should hold one wheel, and holds {len(found)}: run the step "
                "`packages` first"
            )
        return found[0]
