"""The source of a release: one commit, without other files in the checkout."""

from __future__ import annotations

import re
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timezone
from io import BytesIO
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
PACKAGE = Path("kolibri_azure_plugin", "__init__.py")


class ReleaseError(Exception):
    """A release can't be made. The text says what failed, and what to do."""


@dataclass(frozen=True)
class Source:
    """The files of one commit.

    :param folder: their folder.
    :param revision: the commit's id.
    :param seconds: the commit's time in seconds since 1970, for ``SOURCE_DATE_EPOCH``.
    """

    folder: Path
    revision: str
    seconds: int

    @property
    def version(self) -> str:
        """The package's version. Raises ReleaseError if there is none."""
        return self._constant("__version__")

    @property
    def address(self) -> str:
        """The project's address. Raises ReleaseError if the package has none."""
        return self._constant("PROJECT_ADDRESS")

    @property
    def tag(self) -> str:
        """The tag of this version, in git and of the container image."""
        return f"v{self.version}"

    @property
    def moment(self) -> datetime:
        """The time of the commit."""
        return datetime.fromtimestamp(self.seconds, tz=timezone.utc)

    def text(self, path: str | Path) -> str:
        return (self.folder / path).read_text(encoding="utf-8")

    def _constant(self, name: str) -> str:
        found = re.search(rf'^{name} = "(.+)"$', self.text(PACKAGE), re.MULTILINE)
        if not found:
            raise ReleaseError(f'{PACKAGE} has no line {name} = "…"')
        return found[1]


@contextmanager
def exported(revision: str = "HEAD", repository: Path = REPOSITORY) -> Iterator[Source]:
    """The files of a commit, in a temporary folder.

    Their permissions are always the same, regardless of the umask of the checkout.
    Raises ReleaseError if git has no such commit.
    """
    identifier, seconds = (
        _git(repository, "show", "--no-patch", "--format=%H %ct", f"{revision}^{{commit}}")
        .decode()
        .split()
    )
    archive = _git(repository, "-c", "tar.umask=0022", "archive", "--format=tar", identifier)
    with tempfile.TemporaryDirectory(prefix="release-source-") as folder:
        with tarfile.open(fileobj=BytesIO(archive)) as files:
            files.extractall(folder)
        yield Source(Path(folder), identifier, int(seconds))


def _git(repository: Path, *words: str) -> bytes:
    command = ["git", "-C", str(repository), *words]
    done = subprocess.run(command, capture_output=True, check=False)
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip()
        raise ReleaseError(
            f"git failed in {repository}: {said}. A release needs a commit in a clone of the "
            "project"
        )
    return done.stdout
