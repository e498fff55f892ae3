"""The certificates of the TLS servers: the good one, and one for each way of being wrong."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from pathlib import Path

from devtools.azure_standin.faults import CERTIFICATE_FAULTS, Faults
from devtools.certificates import CertificateAuthority, IssuedCertificate


class ServerCertificates:
    """Kept in `folder`; the authority is made once, the servers' certificates at every start."""

    def __init__(self, folder: Path, hosts: list[str], faults: Faults) -> None:
        self.authority = CertificateAuthority.create(folder, "Azure stand-in")
        stranger = CertificateAuthority.create(folder / "stranger", "An authority nobody trusts")
        other_host = ["*.standin.example"]
        self._faults = faults
        self._good = _context(self.authority.issue("server", hosts))
        self._wrong = {
            "wrong-authority": _context(stranger.issue("server", hosts)),
            "wrong-host": _context(self.authority.issue("wrong-host", other_host)),
            "expired-certificate": _context(self.authority.issue("expired", hosts, expired=True)),
        }

    def for_service(self, service: str) -> Callable[[], ssl.SSLContext]:
        """What decides, for each new connection of `service`, which certificate it is shown."""

        def choose() -> ssl.SSLContext:
            fault = self._faults.take(service, CERTIFICATE_FAULTS)
            return self._good if fault is None else self._wrong[fault.name]

        return choose


def _context(issued: IssuedCertificate) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(issued.certificate_file, issued.key_file)
    return context
