"""OpenSSL accepts or refuses the development authority's certificates in a real handshake."""

from __future__ import annotations

import socket
import ssl
import stat
import threading
from pathlib import Path

import pytest

from devtools.certificates import CertificateAuthority, IssuedCertificate


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> CertificateAuthority:
    return CertificateAuthority.create(tmp_path_factory.mktemp("authority"))


def handshake(authority: CertificateAuthority, issued: IssuedCertificate, host: str) -> str:
    """Connect as a strict client to a server with `issued`; returns the TLS version."""
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(issued.certificate_file, issued.key_file)
    asking = ssl.create_default_context(cafile=str(authority.certificate_file))
    asking.verify_flags |= ssl.VERIFY_X509_STRICT
    server_end, client_end = socket.socketpair()

    def serve() -> None:
        try:
            serving.wrap_socket(server_end, server_side=True).close()
        except OSError:
            server_end.close()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        with asking.wrap_socket(client_end, server_hostname=host) as connection:
            return connection.version() or ""
    finally:
        client_end.close()
        thread.join(timeout=10)


@pytest.mark.parametrize(
    ("hosts", "asked"),
    [
        (["db.example.org"], "db.example.org"),
        (["*.vault.azure.net"], "school.vault.azure.net"),
        (["127.0.0.1", "localhost"], "127.0.0.1"),
    ],
)
def test_a_strict_client_accepts_a_certificate_for_its_host(
    authority: CertificateAuthority, hosts: list[str], asked: str
) -> None:
    assert handshake(authority, authority.issue("server", hosts), asked).startswith("TLSv1")


def test_a_certificate_for_another_host_is_refused(authority: CertificateAuthority) -> None:
    issued = authority.issue("other", ["other.example.org"])
    with pytest.raises(ssl.SSLCertVerificationError, match="Hostname mismatch"):
        handshake(authority, issued, "db.example.org")


def test_an_expired_certificate_is_refused(authority: CertificateAuthority) -> None:
    issued = authority.issue("old", ["db.example.org"], expired=True)
    with pytest.raises(ssl.SSLCertVerificationError, match="expired"):
        handshake(authority, issued, "db.example.org")


def test_another_authority_of_the_same_name_is_refused(
    authority: CertificateAuthority, tmp_path: Path
) -> None:
    other = CertificateAuthority.create(tmp_path)
    with pytest.raises(ssl.SSLCertVerificationError):
        handshake(authority, other.issue("server", ["db.example.org"]), "db.example.org")


def test_an_authority_is_loaded_where_it_exists(tmp_path: Path) -> None:
    first = CertificateAuthority.create(tmp_path / "new" / "folder")
    made = first.certificate_file.read_bytes()
    again = CertificateAuthority.create(tmp_path / "new" / "folder")
    assert again.certificate_file.read_bytes() == made
    assert handshake(first, again.issue("server", ["localhost"]), "localhost")


def test_keys_are_readable_by_their_owner_only_and_issuing_again_replaces_them(
    authority: CertificateAuthority, tmp_path: Path
) -> None:
    issued = authority.issue("server", ["localhost"], folder=tmp_path)
    first = issued.key_file.read_bytes()
    again = authority.issue("server", ["localhost"], folder=tmp_path)
    assert again == issued
    assert again.key_file.read_bytes() != first
    for key in (again.key_file, authority.folder / "ca.key"):
        assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert sorted(path.name for path in tmp_path.iterdir()) == ["server.key", "server.pem"]


def test_hosts_given_as_one_string_are_refused(authority: CertificateAuthority) -> None:
    with pytest.raises(TypeError, match="list"):
        authority.issue("server", "localhost")
