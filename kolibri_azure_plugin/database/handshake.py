"""Reads PostgreSQL's certificate, without signing in."""

from __future__ import annotations

import dataclasses
import socket
import ssl
import struct
from datetime import datetime, timezone

from kolibri_azure_plugin.database.config import DatabaseConfig

#: https://www.postgresql.org/docs/current/protocol-message-formats.html, SSLRequest.
SSL_REQUEST = struct.pack("!ii", 8, 80877103)


@dataclasses.dataclass(frozen=True)
class Handshake:
    """A TLS handshake with PostgreSQL.

    :param verified: the certificate was verified, as sslmode asks.
    :param days_left: until the certificate expires.
    """

    version: str
    cipher: str
    subject: str
    issuer: str
    days_left: int
    verified: bool


def perform_handshake(config: DatabaseConfig, timeout: float) -> Handshake:
    """Open a TLS connection as sslmode asks, and close it.

    :param timeout: seconds for each step.
    :raises OSError: when the handshake fails, with libpq's message if it has one.
    """
    address = (config.host, int(config.port or 5432))
    with socket.create_connection(address, timeout) as plain:
        plain.sendall(SSL_REQUEST)
        if plain.recv(1) != b"S":
            raise OSError("server does not support SSL, but SSL was required")
        try:
            with _tls_context(config).wrap_socket(plain, server_hostname=config.host) as secure:
                return _describe(secure, config)
        except ssl.SSLError as error:
            raise OSError(f"SSL error: {error}") from error


def _tls_context(config: DatabaseConfig) -> ssl.SSLContext:
    """The equivalent of libpq's behaviour for each sslmode."""
    mode, root_cert = config.options["sslmode"], config.options.get("sslrootcert")
    tls_context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    tls_context.check_hostname = mode == "verify-full"
    if root_cert:
        tls_context.load_verify_locations(root_cert)
    else:
        tls_context.verify_mode = ssl.CERT_NONE
    return tls_context


def _describe(secure: ssl.SSLSocket, config: DatabaseConfig) -> Handshake:
    # A dependency of azure-identity, which only the doctor needs.
    from cryptography import x509

    certificate = x509.load_der_x509_certificate(secure.getpeercert(binary_form=True) or b"")
    end = certificate.not_valid_after_utc
    cipher = secure.cipher()
    return Handshake(
        version=secure.version() or "",
        cipher=cipher[0] if cipher else "",
        subject=certificate.subject.rfc4514_string(),
        issuer=certificate.issuer.rfc4514_string(),
        days_left=(end - datetime.now(timezone.utc)).days,
        verified="sslrootcert" in config.options,
    )
