"""The tool that starts PostgreSQL finds its programs, and names what is missing."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from devtools.certificates import CertificateAuthority
from devtools.postgres import MissingPostgresError, PostgresServer, find_installation, installation

from .postgres_folders import reachable_folder

ROOT = os.getuid() == 0


@pytest.fixture
def folder() -> Iterator[Path]:
    with reachable_folder() as folder:
        yield folder


@pytest.mark.skipif(not ROOT, reason="only root has the server run as another account")
def test_a_folder_that_the_servers_account_cannot_enter_is_named(
    tmp_path: Path, authority: CertificateAuthority
) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)

    with pytest.raises(PermissionError, match=f"can't enter {closed}"):
        PostgresServer.create(closed / "state", authority)


@pytest.fixture
def bare_machine(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A machine whose only PostgreSQL programs are those in this folder of the PATH."""
    find_installation.cache_clear()
    monkeypatch.setattr(os, "get_exec_path", lambda: [str(folder)])
    monkeypatch.setattr(installation, "FOLDERS_OF_SYSTEMS", ())
    monkeypatch.setattr(installation, "PACKAGES", ())
    yield folder
    find_installation.cache_clear()


@pytest.mark.usefixtures("bare_machine")
def test_an_error_names_the_package_where_postgresql_is_missing() -> None:
    with pytest.raises(MissingPostgresError, match="apt-get install postgresql-16"):
        find_installation("16")


def test_a_postgresql_built_without_tls_is_passed_over(bare_machine: Path) -> None:
    for name in ("postgres", "initdb"):
        program = bare_machine / name
        program.write_text(
            "#!/bin/sh\n"
            'case "$1" in --version) echo "postgres (PostgreSQL) 16.4" ;;\n'
            '*) printf "ssl_ciphers\\tSIGHUP\\tGroup\\tSTRING\\tnone\\t\\t\\tText\\t\\n" ;; esac\n'
        )
        program.chmod(0o755)

    with pytest.raises(MissingPostgresError, match="was built without TLS"):
        find_installation()


def test_a_folder_of_the_path_that_may_not_be_read_is_passed_over(folder: Path) -> None:
    closed = folder / "closed"
    closed.mkdir(mode=0o600)
    path = os.pathsep.join([str(closed / "bin"), os.environ["PATH"]])
    find = "from devtools.postgres import find_installation; print(find_installation().folder)"

    # Root reads every folder, if it has the capabilities.
    bound = ["setpriv", "--bounding-set", "-dac_override,-dac_read_search"] if ROOT else []
    found = subprocess.run(
        [*bound, sys.executable, "-c", find],
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )

    assert found.stdout.strip() == str(find_installation().folder), found.stderr
