"""Pushes images to container registries with skopeo, without changing a byte."""

from __future__ import annotations

import json
import re
import subprocess
from dataclasses import dataclass
from typing import Optional

from devtools.release.output import Output
from devtools.release.source import ReleaseError

COPY_SECONDS = 900

#: A name in a registry, without a tag. Registries do not accept capital letters.
NAME = re.compile(r"([a-z0-9.-]+\.[a-z]+|localhost|127\.0\.0\.1)(:\d+)?(/[a-z0-9._-]+)+")


@dataclass(frozen=True)
class Repository:
    """A repository of images in a registry."""

    name: str

    @classmethod
    def parse(cls, name: str) -> Repository:
        """Parse the name. Raises ReleaseError if it is invalid."""
        if not NAME.fullmatch(name):
            raise ReleaseError(
                f"PUBLISH_IMAGE is {name!r}: expected a registry and a name in it, all in small "
                "letters and without a tag, such as ghcr.io/OWNER/kolibri-azure with your own owner"
            )
        return cls(name)

    @property
    def is_on_this_machine(self) -> bool:
        """Whether the registry is local; only then it needs no TLS."""
        return self.name.startswith(("localhost", "127.0.0.1"))

    def digest(self, reference: str) -> Optional[str]:
        """The digest of ``:TAG`` or ``@DIGEST``; None if the registry has no such image.

        Raises ReleaseError if the registry can't be queried.
        """
        done = _run(
            *("inspect", "--no-tags", f"--tls-verify={_word(not self.is_on_this_machine)}"),
            f"docker://{self.name}{reference}",
        )
        if done.returncode == 0:
            return str(json.loads(done.stdout)["Digest"])
        if "manifest unknown" in done.stderr or "name unknown" in done.stderr:
            return None
        raise ReleaseError(f"{self.name} can't be asked: {done.stderr.strip()[-2000:]}")

    def push(self, output: Output, tag: str, digest: str) -> str:
        """Push the image in `output` as `tag`; never overwrites a tag.

        :param digest: the digest from the step that built the image.
        :returns: the name of the image with its digest.

        Raises ReleaseError, also if the tag belongs to another image.
        """
        found = self.digest(f":{tag}")
        if found not in (None, digest):
            raise ReleaseError(
                f"{self.name}:{tag} is another image already, {found}. Its users rely on it: "
                "release a new version"
            )
        if found is None:
            skopeo(
                *("copy", "--preserve-digests"),
                f"--dest-tls-verify={_word(not self.is_on_this_machine)}",
                *(f"dir:{output.image}", f"docker://{self.name}:{tag}"),
            )
        arrived = self.digest(f"@{digest}")
        if arrived != digest:
            raise ReleaseError(f"{self.name}:{tag} should be {digest}; the registry has {arrived}")
        return f"{self.name}@{digest}"


def skopeo(*words: str) -> None:
    """Run one command of skopeo. Raises ReleaseError with its output."""
    done = _run(*words)
    if done.returncode:
        raise ReleaseError(f"skopeo {words[0]} failed: {done.stderr.strip()[-2000:]}")


def _run(*words: str) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(
            ["skopeo", *words],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=COPY_SECONDS,
            check=False,
        )
    except (FileNotFoundError, PermissionError) as error:  # unreadable folder on PATH
        raise ReleaseError("skopeo is missing: apt-get install skopeo") from error


def _word(value: bool) -> str:
    return str(value).lower()
