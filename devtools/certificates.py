"""A small certificate authority, for servers on this machine only.

The certificates pass OpenSSL's strict checks, which Python 3.13 turns on by default
(``ssl.VERIFY_X509_STRICT``): basic constraints, key usage and both key identifiers are there.
"""

from __future__ import annotations

import datetime as dt
import ipaddress
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

AUTHORITY_DAYS = 3650
CLOCK_SKEW = dt.timedelta(hours=1)


@dataclass(frozen=True)
class IssuedCertificate:
    """A server's certificate and its private key, both PEM, the key readable by its owner only."""

    certificate_file: Path
    key_file: Path


class CertificateAuthority:
    """Signs server certificates; made with :meth:`create`."""

    def __init__(
        self, folder: Path, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey
    ) -> None:
        self.folder = folder
        self._certificate = certificate
        self._key = key

    @classmethod
    def create(
        cls, folder: Path, name: str = "Kolibri Azure development authority"
    ) -> CertificateAuthority:
        """Load the authority kept in `folder` as ca.pem and ca.key, or make it there.

        `name` becomes the common name of a new authority and is ignored for one that exists.
        Two authorities of one name still are strangers to each other: their keys differ.
        """
        folder = Path(folder)
        certificate_file, key_file = folder / "ca.pem", folder / "ca.key"
        if not (certificate_file.exists() and key_file.exists()):
            folder.mkdir(parents=True, exist_ok=True)
            key = ec.generate_private_key(ec.SECP256R1())
            _write_key(key_file, key)
            _write_certificate(certificate_file, _self_signed(name, key))
        return cls._load(folder, certificate_file, key_file)

    @classmethod
    def _load(cls, folder: Path, certificate_file: Path, key_file: Path) -> CertificateAuthority:
        key = serialization.load_pem_private_key(key_file.read_bytes(), password=None)
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise TypeError(
                f"{key_file} holds no elliptic curve key: delete it and {folder}/ca.pem"
            )
        certificate = x509.load_pem_x509_certificate(certificate_file.read_bytes())
        return cls(folder, certificate, key)

    @property
    def certificate_file(self) -> Path:
        """The authority's own certificate: what a client has to trust."""
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
        """Sign a certificate for `hosts` and write it to NAME.pem with its key in NAME.key.

        `hosts` are DNS names (``*.`` in front is a wildcard) or IP addresses. The files go to
        `folder`, by default the authority's own, and replace those of the same name. With
        `expired` the certificate ended an hour ago.
        """
        folder = self.folder if folder is None else Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        now = dt.datetime.now(dt.timezone.utc)
        end = now - CLOCK_SKEW if expired else now + dt.timedelta(days=days)
        start = end - dt.timedelta(days=days) if expired else now - CLOCK_SKEW
        key = ec.generate_private_key(ec.SECP256R1())
        builder = (
            _builder(_common_name(name), self._certificate.subject, key, start, end)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_key_usage(digital_signature=True), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .add_extension(x509.SubjectAlternativeName(_names(hosts)), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()),
                critical=False,
            )
        )
        issued = IssuedCertificate(folder / f"{name}.pem", folder / f"{name}.key")
        _write_key(issued.key_file, key)
        _write_certificate(issued.certificate_file, builder.sign(self._key, hashes.SHA256()))
        return issued


def _self_signed(name: str, key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    subject = _common_name(name)
    start = dt.datetime.now(dt.timezone.utc) - CLOCK_SKEW
    end = start + dt.timedelta(days=AUTHORITY_DAYS)
    return (
        _builder(subject, subject, key, start, end)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(key_cert_sign=True, crl_sign=True), critical=True)
        .sign(key, hashes.SHA256())
    )


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    start: dt.datetime,
    end: dt.datetime,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(end)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _common_name(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _names(hosts: Sequence[str]) -> list[x509.GeneralName]:
    if isinstance(hosts, str) or not hosts:
        raise ValueError(f"hosts must be a list of one or more host names, not {hosts!r}")
    return [_general_name(host) for host in hosts]


def _general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _key_usage(
    *, digital_signature: bool = False, key_cert_sign: bool = False, crl_sign: bool = False
) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=digital_signature,
        key_cert_sign=key_cert_sign,
        crl_sign=crl_sign,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _write_certificate(path: Path, certificate: x509.Certificate) -> None:
    _replace(path, certificate.public_bytes(serialization.Encoding.PEM), mode=0o644)


def _write_key(path: Path, key: ec.EllipticCurvePrivateKey) -> None:
    content = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    _replace(path, content, mode=0o600)


def _replace(path: Path, content: bytes, *, mode: int) -> None:
    """Write beside `path` and rename, so that no server ever reads half a file."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    beside.unlink(missing_ok=True)
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "wb") as file:
        os.fchmod(file.fileno(), mode)
        file.write(content)
    beside.replace(path)
