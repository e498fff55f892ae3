"""The contents of postgresql.conf and pg_hba.conf."""

from __future__ import annotations

import shlex
from dataclasses import dataclass, field
from pathlib import Path

SUPERUSER = "postgres"

# Tests can lose data in a crash of the machine, and this is several times as fast.
NOT_DURABLE = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


@dataclass(frozen=True)
class RadiusServer:
    """The RADIUS server that checks passwords; `secret` has only letters and digits."""

    port: int
    secret: str


@dataclass
class Configuration:
    """The settings of one server; `settings` has a test's changes, which take precedence."""

    port: int
    sockets: Path
    folder: Path
    durable: bool
    settings: dict[str, str] = field(default_factory=dict)
    radius: dict[str, RadiusServer] = field(default_factory=dict)

    @property
    def certificate_file(self) -> Path:
        return self.folder / "server.pem"

    @property
    def key_file(self) -> Path:
        return self.folder / "server.key"

    @property
    def hold_file(self) -> Path:
        """While this file exists, a server in recovery stays "starting up"."""
        return self.folder / "hold"

    def postgresql_conf(self) -> str:
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": str(self.port),
            "unix_socket_directories": str(self.sockets),
            "ssl": "on",
            "ssl_cert_file": str(self.certificate_file),
            "ssl_key_file": str(self.key_file),
            "password_encryption": "scram-sha-256",
            "shared_buffers": "32MB",
            "restore_command": _wait_for_absence(self.hold_file),
            **({} if self.durable else NOT_DURABLE),
            **self.settings,
        }
        return "".join(f"{name} = {_quoted(value)}\n" for name, value in settings.items())

    def pg_hba_conf(self) -> str:
        """Require TLS over TCP. The socket needs none, because its folder is private."""
        lines = [f"local all {SUPERUSER} trust"]
        lines += [
            f'hostssl all "{role}" 127.0.0.1/32 radius radiusservers="127.0.0.1" '
            f'radiusports="{server.port}" radiussecrets="{server.secret}"'
            for role, server in self.radius.items()
        ]
        lines += ["hostssl all all 127.0.0.1/32 scram-sha-256"]
        return "\n".join(lines) + "\n"


def _wait_for_absence(path: Path) -> str:
    """A restore_command that waits, then reports an empty archive."""
    waiting = f"while test -e {shlex.quote(str(path))}; do sleep 0.05; done; false"
    return waiting.replace("%", "%%")


def _quoted(value: str) -> str:
    doubled = value.replace("'", "''").replace("\\", "\\\\")
    return f"'{doubled}'"
