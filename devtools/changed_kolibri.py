"""A Kolibri like the one that is installed, but for a few words in some of its files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import kolibri

INSTALLED = Path(kolibri.__file__).parent


def make(folder: Path, changes: Mapping[str, tuple[str, str]]) -> Path:
    """Make it in a folder, which belongs at the beginning of PYTHONPATH then.

    What is not changed are links, so that it takes no room.

    :param changes: for each file, relative to Kolibri's package, old and new words.
    """
    for name, (old, new) in changes.items():
        text = (INSTALLED / name).read_text(encoding="utf-8")
        if old not in text:
            raise ValueError(f"Kolibri's {name} has no {old!r}")
        file = folder / "kolibri" / name
        _make_room(file.parent, folder)
        file.unlink()
        file.write_text(text.replace(old, new), encoding="utf-8")
    return folder


def _make_room(place: Path, folder: Path) -> None:
    """Make a folder of links in the place of a link to Kolibri's folder."""
    if place.is_dir() and not place.is_symlink():
        return
    if place.parent != folder:
        _make_room(place.parent, folder)
        place.unlink()
    place.mkdir(parents=True)
    for file in (INSTALLED / place.relative_to(folder / "kolibri")).iterdir():
        if file.name != "__pycache__":
            (place / file.name).symlink_to(file)
