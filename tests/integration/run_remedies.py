"""Executes a remedy word for word, as the roles that it names."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from devtools.postgres import PostgresServer, find_installation

#: A role as the remedies name it, and its commands up to the next such line.
BLOCK = re.compile(
    r"^As (?P<role>.+), or a member of it, in database (?P<database>.+?):\s"
    r"(?P<statements>(?:(?!As .+, or a member of it, in database ).*\n?)*)",
    re.MULTILINE,
)

#: The major version of the package that provides psql and pg_dump, wherever the tests run.
CLIENTS = "17"


def statements_of(remedy: str) -> list[tuple[str, str, str]]:
    """Role, database and SQL of each block."""
    return [(m["role"], m["database"], m["statements"]) for m in BLOCK.finditer(remedy)]


def psql(server: PostgresServer, role: str, password: str, database: str, statements: str) -> None:
    """Run statements in psql; all must succeed."""
    command = ["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", database]
    _run(command, _environment(server, role, password), statements)


def shell(
    server: PostgresServer,
    role: str,
    password: str,
    commands: Sequence[str],
    names: Mapping[str, str],
    folder: Path,
) -> None:
    """Run commands in a shell in a folder, with values for their placeholders."""
    environment = _environment(server, role, password)
    known = re.compile(rf"\b({'|'.join(names)})\b")
    for command in commands:
        complete = known.sub(lambda match: names[match[1]], command)
        _run(["sh", "-c", f"cd {folder} && {complete}"], environment)
        for dump in folder.glob("*.sql"):
            # The programs are newer than the server; version 16 does not support this.
            dump.write_text(dump.read_text().replace("SET transaction_timeout = 0;\n", ""))


def _environment(server: PostgresServer, role: str, password: str) -> dict[str, str]:
    programs = find_installation(CLIENTS).folder
    return {
        "PATH": f"{programs}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
        "PGHOST": server.host,
        "PGPORT": str(server.port),
        "PGSSLMODE": "require",
        "PGUSER": role,
        "PGPASSWORD": password,
    }


def _run(command: list[str], environment: dict[str, str], text: str = "") -> None:
    done = subprocess.run(
        command, env=environment, input=text, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "ERROR" not in done.stderr, done.stderr
    # A GRANT by a role without the grant option succeeds, with a warning.
    assert "no privileges were granted" not in done.stderr, done.stderr
