"""File shares, each a local folder, so that a mount shows the files that the service writes."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from email.utils import formatdate
from pathlib import Path


@dataclass(frozen=True)
class Share:
    """A share: `folder` contains its files; `quota` is its reported size in GiB."""

    account: str
    name: str
    folder: Path
    quota: int = 100

    def locate(self, segments: Sequence[str]) -> Path:
        """The path of ``a/b/c`` in the folder; ValueError for a path outside it."""
        place = self.folder.joinpath(*segments)
        names_are_plain = all(part not in (".", "..") and "/" not in part for part in segments)
        if not names_are_plain or self.folder.resolve() not in (
            place.resolve(),
            *place.resolve().parents,
        ):
            raise ValueError(f"{'/'.join(segments)} leads out of the share")
        return place

    def used_bytes(self) -> int:
        """The used bytes of the share."""
        return sum(path.stat().st_size for path in self.folder.rglob("*") if path.is_file())


class Shares:
    """The shares by account and name."""

    def __init__(self) -> None:
        self._shares: dict[tuple[str, str], Share] = {}

    def add(self, account: str, name: str, folder: Path, quota: int = 100) -> Share:
        """Serve `folder` (created if absent) as a share; `quota` is in GiB."""
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        share = Share(account.lower(), name, folder, quota)
        self._shares[share.account, share.name] = share
        return share

    def remove(self, account: str, name: str) -> None:
        """Stop serving the share; keep its folder."""
        self._shares.pop((account.lower(), name), None)

    def find(self, account: str, name: str) -> Share | None:
        """The share, or None."""
        return self._shares.get((account.lower(), name))

    def all(self) -> list[Share]:
        """Every share."""
        return list(self._shares.values())


def create_file(place: Path, length: int) -> None:
    """Create a file of `length` zero bytes, replacing any existing one."""
    with place.open("wb") as file:
        file.truncate(length)


def write_range(place: Path, first: int, content: bytes) -> None:
    """Write to the file, starting at byte `first`."""
    with place.open("r+b") as file:
        file.seek(first)
        file.write(content)


def read_range(place: Path, first: int, last: int) -> bytes:
    """The bytes from `first` to `last`, inclusive."""
    with place.open("rb") as file:
        file.seek(first)
        return file.read(last - first + 1)


def delete(place: Path) -> None:
    """Remove a file or an empty folder."""
    if place.is_dir():
        place.rmdir()
    else:
        place.unlink()


def free_bytes(share: Share) -> int:
    """The free bytes on the share's disk."""
    return shutil.disk_usage(share.folder).free


def entity_headers(place: Path) -> dict[str, str]:
    """The headers that identify the state of a file or folder."""
    status = place.stat()
    return {
        "ETag": f'"0x{status.st_mtime_ns:X}"',
        "Last-Modified": formatdate(status.st_mtime, usegmt=True),
    }
