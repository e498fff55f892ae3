"""A copy of the installed Kolibri with small changes in some of its files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import kolibri

INSTALLED = Path(kolibri.__file__).parent


def make(folder: Path, changes: Mapping[str, tuple[str, str]]) -> Path:
    """Create it in a folder, which then belongs at the start of PYTHONPATH.

    Unchanged files are links, to save space.

    :param changes: for each file, relative to Kolibri's package, the old and the new text.
    """
    for name, (old, new) in changes.items():
        text = (INSTALLED / name).read_text(encoding="utf-8")
        if old not in text:
            raise ValueError(f"Kolibri's {name} does not contain {old!r}")
        file = folder / "kolibri" / name
        _make_room(file.parent, folder)
        file.unlink()
        file.write_text(text.replace(old, new), encoding="utf-8")
    return folder


def _make_room(place: Path, folder: Path) -> None:
    """Replace a link to a folder of Kolibri with a folder of links."""
    if place.is_dir() and not place.is_symlink():
        return
    if place.parent != folder:
        _make_room(place.parent, folder)
        place.unlink()
    place.mkdir(parents=True)
    for file in (INSTALLED / place.relative_to(folder / "kolibri")).iterdir():
        if file.name != "__pycache__":
            (place / file.name).symlink_to(file)
