"""The vault's secrets and their versions."""

from __future__ import annotations

import json
import os
import threading
import time
import uuid
from dataclasses import asdict, dataclass, replace
from pathlib import Path


@dataclass(frozen=True)
class SecretVersion:
    """One version of a secret; times are in seconds since the epoch."""

    version: str
    value: str
    created: int
    updated: int
    enabled: bool = True
    expires: int | None = None
    not_before: int | None = None

    def __repr__(self) -> str:
        """Show the version, never the value."""
        return f"SecretVersion({self.version}, enabled={self.enabled})"


class SecretStore:
    """Secrets by name, each with its versions, newest last.

    `file` makes them persistent, readable only by their owner.
    """

    def __init__(self, file: Path | None = None) -> None:
        self._file = file
        self._lock = threading.Lock()
        self._secrets: dict[str, list[SecretVersion]] = {}
        if file is not None and file.exists():
            stored = json.loads(file.read_text(encoding="utf-8"))
            self._secrets = {n: [SecretVersion(**v) for v in vs] for n, vs in stored.items()}

    def set(
        self,
        name: str,
        value: str,
        *,
        enabled: bool = True,
        expires: float | None = None,
        not_before: float | None = None,
    ) -> SecretVersion:
        """Add a version and make it the current one."""
        now = int(time.time())
        version = SecretVersion(
            uuid.uuid4().hex,
            value,
            now,
            now,
            enabled,
            None if expires is None else int(expires),
            None if not_before is None else int(not_before),
        )
        with self._lock:
            self._secrets.setdefault(name, []).append(version)
            self._save()
        return version

    def enable(self, name: str, *, enabled: bool) -> None:
        """Enable or disable the current version."""
        with self._lock:
            versions = self._known(name)
            versions[-1] = replace(versions[-1], enabled=enabled, updated=int(time.time()))
            self._save()

    def delete(self, name: str) -> None:
        """Remove the secret with all its versions."""
        with self._lock:
            self._known(name)
            del self._secrets[name]
            self._save()

    def get(self, name: str, version: str = "") -> SecretVersion | None:
        """The given version, by default the current one."""
        versions = self.versions(name)
        if not version:
            return versions[-1] if versions else None
        return next((each for each in versions if each.version == version), None)

    def versions(self, name: str) -> list[SecretVersion]:
        """All versions of a secret, oldest first."""
        with self._lock:
            return list(self._secrets.get(name, ()))

    def names(self) -> list[str]:
        """The names of all secrets, in alphabetical order."""
        with self._lock:
            return sorted(self._secrets)

    def _known(self, name: str) -> list[SecretVersion]:
        if name not in self._secrets:
            raise KeyError(f"the vault holds no secret {name!r}; it holds {sorted(self._secrets)}")
        return self._secrets[name]

    def _save(self) -> None:
        if self._file is None:
            return
        stored = {n: [asdict(v) for v in versions] for n, versions in self._secrets.items()}
        beside = self._file.with_suffix(".new")
        beside.unlink(missing_ok=True)
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(stored, file)
        beside.replace(self._file)
