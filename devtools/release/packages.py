"""Reproducible builds of the wheel and the source distribution."""

from __future__ import annotations

import gzip
import os
import shutil
import subprocess
import sys
import tarfile
from io import BytesIO
from pathlib import Path

from devtools.release.output import Output
from devtools.release.source import ReleaseError, Source

BUILD_SECONDS = 300


def build_packages(source: Source, output: Output) -> list[Path]:
    """Build both from `source`, the wheel from the source distribution; check and return them.

    Raises ReleaseError with the tool's output.
    """
    shutil.rmtree(output.packages, ignore_errors=True)
    _run(
        *("build", "--no-isolation", "--outdir", str(output.packages), str(source.folder)),
        source=source,
    )
    for archive in output.packages.glob("*.tar.gz"):
        archive.write_bytes(normalized(archive.read_bytes(), source.seconds))
    files = sorted(output.packages.iterdir())
    if sorted(file.suffix for file in files) != [".gz", ".whl"]:
        raise ReleaseError(f"expected one wheel and one source distribution, found {files}")
    _run("twine", "check", "--strict", *map(str, files), source=source)
    return files


def normalized(archive: bytes, seconds: int) -> bytes:
    """The tar.gz archive without its builder's name, and with one time for all entries.

    Wheels need no such change, but setuptools records the time and the user in source
    distributions.
    """
    plain = BytesIO()
    with (
        tarfile.open(fileobj=BytesIO(archive)) as old,
        tarfile.open(fileobj=plain, mode="w", format=tarfile.PAX_FORMAT) as new,
    ):
        for member in sorted(old.getmembers(), key=lambda each: each.name):
            member.mtime = seconds
            member.uid = member.gid = 0
            member.uname = member.gname = ""
            member.pax_headers = {}
            new.addfile(member, old.extractfile(member) if member.isfile() else None)
    return gzip.compress(plain.getvalue(), mtime=seconds)


def _run(module: str, *arguments: str, source: Source) -> None:
    done = subprocess.run(
        [sys.executable, "-m", module, *arguments],
        cwd=source.folder,
        env={**os.environ, "SOURCE_DATE_EPOCH": str(source.seconds)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        umask=0o022,
        timeout=BUILD_SECONDS,
        check=False,
    )
    if done.returncode:
        raise ReleaseError(f"{module} {arguments[0]} failed:\n{done.stdout[-4000:]}")
