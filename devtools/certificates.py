"""A small certificate authority, for servers on this machine only.

trustme makes the certificates. They pass OpenSSL's strict checks, which Python 3.13 enables by
default (``ssl.VERIFY_X509_STRICT``). This module stores them in files for servers.
"""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import trustme

ORGANIZATION = "Kolibri Azure"
CLOCK_SKEW = dt.timedelta(hours=1)


@dataclass(frozen=True)
class IssuedCertificate:
    """A server's certificate and private key in PEM files; only its owner can read the key."""

    certificate_file: Path
    key_file: Path


class CertificateAuthority:
    """Signs server certificates; create it with :meth:`create`."""

    def __init__(self, folder: Path, authority: trustme.CA) -> None:
        self.folder = folder
        self._authority = authority

    @classmethod
    def create(
        cls, folder: Path, name: str = "Kolibri Azure development authority"
    ) -> CertificateAuthority:
        """Load the authority from ca.pem and ca.key in `folder`, or create it there.

        `name` is for a new authority. Two of the same name have different keys, so a client that
        trusts one does not trust the other.
        """
        folder = Path(folder)
        certificate_file, key_file = folder / "ca.pem", folder / "ca.key"
        if certificate_file.exists() and key_file.exists():
            kept = trustme.CA.from_pem(certificate_file.read_bytes(), key_file.read_bytes())
            return cls(folder, kept)
        authority = trustme.CA(
            path_length=0, organization_name=ORGANIZATION, organization_unit_name=name
        )
        folder.mkdir(parents=True, exist_ok=True)
        _replace(key_file, authority.private_key_pem, mode=0o600)
        _replace(certificate_file, authority.cert_pem, mode=0o644)
        return cls(folder, authority)

    @property
    def certificate_file(self) -> Path:
        """The authority's own certificate, which clients must trust."""
        return self.folder / "ca.pem"

    def issue(
        self,
        name: str,
        hosts: Sequence[str],
        *,
        folder: Path | None = None,
        days: int = 365,
        expired: bool = False,
    ) -> IssuedCertificate:
        """Sign a certificate for `hosts`, and write it to NAME.pem and its key to NAME.key.

        `hosts` are DNS names (``*.`` in front is a wildcard) or IP addresses. The files replace
        those of the same name in `folder`, by default the authority's own. With `expired`, the
        certificate expired an hour ago.
        """
        if isinstance(hosts, str):
            raise TypeError(f"hosts must be a list of host names, not {hosts!r}")
        folder = self.folder if folder is None else Path(folder)
        now = dt.datetime.now(dt.timezone.utc)
        end = now - CLOCK_SKEW if expired else now + dt.timedelta(days=days)
        start = end - dt.timedelta(days=days) if expired else now - CLOCK_SKEW
        certificate = self._authority.issue_cert(
            *hosts,
            organization_name=ORGANIZATION,
            organization_unit_name=name,
            not_before=start,
            not_after=end,
        )
        issued = IssuedCertificate(folder / f"{name}.pem", folder / f"{name}.key")
        folder.mkdir(parents=True, exist_ok=True)
        _replace(issued.key_file, certificate.private_key_pem, mode=0o600)
        _replace(issued.certificate_file, certificate.cert_chain_pems[0], mode=0o644)
        return issued


def _replace(path: Path, content: trustme.Blob, *, mode: int) -> None:
    """Write to another name and rename, so that no server reads an incomplete file."""
    other = path.with_name(f".{path.name}.{os.getpid()}")
    other.unlink(missing_ok=True)
    descriptor = os.open(other, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "wb") as file:
        os.fchmod(file.fileno(), mode)
        file.write(content.bytes())
    other.replace(path)
