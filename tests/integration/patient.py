"""A deployment that is healthy until a test breaks it."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterator
from typing import Any

from devtools.certificates import CertificateAuthority

from .world import World


@dataclasses.dataclass
class Patient(World):
    """Everything to break: a deployment with a channel, its servers, the certificate authority."""

    authority: CertificateAuthority = None  # type: ignore[assignment]

    def run_sql(self, statement: str) -> list[tuple[Any, ...]]:
        return self.postgres.execute(statement, database=self.deployment.database)

    def use_port(self, port: int) -> None:
        self.change_url(**{f":{self.postgres.port}/": f":{port}/"})

    def new_database(self, options: str) -> None:
        """Switch to another, empty database for the rest of the test."""
        old, name = self.deployment.database, f"{self.deployment.database}_new"
        self.postgres.drop_database(name)
        self.postgres.execute(f"CREATE DATABASE {name} TEMPLATE template0 {options}")
        self.change_url(**{f"/{old}": f"/{name}"})

    @contextlib.contextmanager
    def allow_client(self, line: str) -> Iterator[None]:
        """Add a line to pg_hba.conf."""
        file = self.postgres.folder / "data" / "pg_hba.conf"
        before = file.read_text()
        file.write_text(f"{before}{line}\n")
        self.postgres.execute("SELECT pg_reload_conf()")
        try:
            yield
        finally:
            file.write_text(before)
            self.postgres.execute("SELECT pg_reload_conf()")
