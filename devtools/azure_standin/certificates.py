"""The certificates of the TLS servers: a good one, and one for each certificate fault."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from pathlib import Path

from devtools.azure_standin.faults import CERTIFICATE_FAULTS, Faults
from devtools.certificates import CertificateAuthority, IssuedCertificate


class ServerCertificates:
    """Certificates in `folder`; created at each start, except for the authority's."""

    def __init__(self, folder: Path, hosts: list[str], faults: Faults) -> None:
        self.authority = CertificateAuthority.create(folder, "Azure stand-in")
        other = CertificateAuthority.create(folder / "other", "An authority that no client trusts")
        other_host = ["*.standin.example"]
        self._faults = faults
        self._good = _context(self.authority.issue("server", hosts))
        self._wrong = {
            "wrong-authority": _context(other.issue("server", hosts)),
            "wrong-host": _context(self.authority.issue("wrong-host", other_host)),
            "expired-certificate": _context(self.authority.issue("expired", hosts, expired=True)),
        }

    def for_service(self, service: str) -> Callable[[], ssl.SSLContext]:
        """A function that chooses the certificate for each new connection of `service`."""

        def choose() -> ssl.SSLContext:
            fault = self._faults.take(service, CERTIFICATE_FAULTS)
            return self._good if fault is None else self._wrong[fault.name]

        return choose


def _context(issued: IssuedCertificate) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(issued.certificate_file, issued.key_file)
    return context
