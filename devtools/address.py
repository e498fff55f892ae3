"""Shows and sets the project's git address, for ``make address``.

``kolibri_azure_plugin.PROJECT_ADDRESS`` is the address, from which the package derives its links.
The README's buttons, the templates, the image's labels and the pages contain copies of it.
``make address ADDRESS=https://github.com/OWNER/NAME`` sets all of them for a fork.

Exit code: 0, or 1 if the address or the checkout is unusable.
"""

from __future__ import annotations

import argparse
import contextlib
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from kolibri_azure_plugin import PROJECT_ADDRESS

REPOSITORY = Path(__file__).parents[1]

#: The original. It is written last, so that an interrupted command can be run again.
HOME = Path("kolibri_azure_plugin/__init__.py")

#: The project's name upstream and in most forks. Merged changes may mention other owners of it.
USUAL_NAME = "kolibri-azure"

#: An address of any project, plain as in pages or percent-encoded as in buttons. A name may contain
#: a full stop, but not one that ends a sentence, nor ``.git``.
MENTION = re.compile(
    r"(?P<before>(?:(?<![\w.-])|(?<=%2F))(?:raw\.githubusercontent|github)\.com(?:/|:|%2F))"
    r"(?P<owner>[A-Za-z0-9-]+)(?P<between>/|%2F)"
    r"(?P<name>[A-Za-z0-9_-]+(?:\.(?!git\b)[A-Za-z0-9_-]+)*)",
    re.IGNORECASE,
)

ADDRESS = re.compile(
    r"https://github\.com/(?P<owner>[A-Za-z0-9][A-Za-z0-9-]{0,38})/(?P<name>[A-Za-z0-9._-]{1,100})"
)


class AddressError(Exception):
    """The address can't be set. The text says why, and what to do."""


class Project(NamedTuple):
    """A repository on GitHub."""

    owner: str
    name: str

    def __str__(self) -> str:
        return f"https://github.com/{self.owner}/{self.name}"

    def is_same_as(self, other: Project) -> bool:
        """Compare without regard to case, as GitHub does."""
        return str(self).lower() == str(other).lower()

    def is_named_by(self, mention: re.Match[str]) -> bool:
        """Whether `mention` names this project, its upstream or another fork."""
        named = Project(mention["owner"], mention["name"])
        return named.name.lower() == USUAL_NAME or self.is_same_as(named)


class Copy(NamedTuple):
    """One mention of the project's address in a file."""

    path: Path
    line: int
    project: Project


def parse(address: str) -> Project:
    """Parse an address, which may end in ``.git`` or a slash.

    Raises AddressError if it has another form or is not on GitHub.
    """
    found = ADDRESS.fullmatch(address.strip().rstrip("/").removesuffix(".git"))
    if not found or not found["name"].strip("."):
        raise AddressError(
            f"{address!r} can't be the project's address: expected "
            "https://github.com/OWNER/NAME. The buttons load the templates from GitHub, and the "
            "workflows run there, so this command can't move the project to another host"
        )
    return Project(found["owner"], found["name"])


CURRENT = parse(PROJECT_ADDRESS)


def copies(root: Path = REPOSITORY) -> Iterator[Copy]:
    """Yield every mention of the project's address in the files of the checkout at `root`.

    Raises AddressError if git tracks no files there.
    """
    for path, text in _tracked_texts(root):
        for number, line in enumerate(text.splitlines(), start=1):
            for mention in MENTION.finditer(line):
                if CURRENT.is_named_by(mention):
                    yield Copy(path, number, Project(mention["owner"], mention["name"]))


def set_address(new: Project, root: Path = REPOSITORY) -> list[Path]:
    """Replace every mention of the project's address with `new`; return the changed files.

    Raises AddressError if git tracks no files there.
    """

    def replaced(mention: re.Match[str]) -> str:
        if not CURRENT.is_named_by(mention):
            return mention[0]
        return f"{mention['before']}{new.owner}{mention['between']}{new.name}"

    changed = []
    for path, text in sorted(_tracked_texts(root), key=lambda each: each[0] == HOME):
        rewritten = MENTION.sub(replaced, text)
        if rewritten != text:
            (root / path).write_bytes(rewritten.encode())
            changed.append(path)
    return changed


def tracked_files(root: Path = REPOSITORY) -> list[Path]:
    """The files that git tracks in the checkout at `root`, without symbolic links.

    Raises AddressError if there are none.
    """
    command = ["git", "-C", str(root), "ls-files", "-z"]
    try:
        listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError) as error:
        reason = str(getattr(error, "stderr", "") or error).strip()
        raise AddressError(
            f"git lists no files in {root}: {reason}. Run this in a clone of the project, not in a "
            "folder that was downloaded without its history"
        ) from error
    paths = [Path(name) for name in listed.split("\0") if name]
    return [path for path in paths if (root / path).is_file() and not (root / path).is_symlink()]


def _tracked_texts(root: Path) -> Iterator[tuple[Path, str]]:
    for path in tracked_files(root):
        with contextlib.suppress(UnicodeDecodeError):  # a picture
            yield path, (root / path).read_bytes().decode()


def _show() -> None:
    print(PROJECT_ADDRESS)
    places: dict[str, int] = {}
    for copy in copies():
        place = "tests/golden" if copy.path.parts[:2] == ("tests", "golden") else str(copy.path)
        places[place] = places.get(place, 0) + 1
    for place, times in places.items():
        print(f"  {times:5} x {place}")
    print("To change it for a fork: make address ADDRESS=https://github.com/OWNER/NAME")


def _set(address: str) -> None:
    new = parse(address)
    changed = set_address(new)
    print(f"{new}: {len(changed)} files changed.")
    if changed:
        print("Review them with git diff, and commit them.")


def main(arguments: Sequence[str] | None = None) -> int:
    """Show the address and its copies, or set it; return the exit code."""
    parser = argparse.ArgumentParser(prog="make address", description=__doc__)
    parser.add_argument("address", nargs="?", help="https://github.com/OWNER/NAME")
    options = parser.parse_args(arguments)
    try:
        if options.address:
            _set(options.address)
        else:
            _show()
    except AddressError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
