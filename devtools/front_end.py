"""App Service's front end: terminates TLS, and adds headers about it.

Each request has a separate connection to the container, so that the front end can change its head
without parsing its body.
"""

from __future__ import annotations

import re
import selectors
import socket
import ssl
from typing import TYPE_CHECKING

from devtools.azure_standin.connections import LOOPBACK, Listener
from devtools.certificates import CertificateAuthority

if TYPE_CHECKING:
    from typing_extensions import Self

MAX_HEADER_BYTES = 65536
HANDSHAKE_SECONDS = 10

#: Request headers that the front end sets itself.
REPLACED = re.compile(rb"\r\n(?:Connection|X-Forwarded-[A-Za-z]+|X-ARR-SSL):[^\r]*", re.IGNORECASE)


class FrontEnd:
    """Serves https on 127.0.0.1 for the container at `target`; use it as a context manager."""

    def __init__(self, target: int, authority: CertificateAuthority, *, port: int = 0) -> None:
        certificate = authority.issue("front-end", ["localhost", LOOPBACK])
        self._target = target
        self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._tls.load_cert_chain(certificate.certificate_file, certificate.key_file)
        self._listener = Listener("front end", self._serve, port)
        self.port = self._listener.port

    def __enter__(self) -> Self:
        self._listener.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._listener.stop()

    def _serve(self, connection: socket.socket) -> None:
        connection.settimeout(HANDSHAKE_SECONDS)
        address, port = connection.getpeername()
        with self._tls.wrap_socket(connection, server_side=True) as client:
            head, rest = _read_head(client)
            if not head:
                return
            client.settimeout(None)
            with socket.create_connection((LOOPBACK, self._target)) as server:
                server.sendall(_with_headers(head, f"{address}:{port}") + rest)
                _pass_on(client, server)


def _read_head(client: socket.socket) -> tuple[bytes, bytes]:
    """The request up to its first empty line, and the bytes after it."""
    received = b""
    while b"\r\n\r\n" not in received and len(received) < MAX_HEADER_BYTES:
        piece = client.recv(65536)
        if not piece:
            return b"", b""
        received += piece
    head, _, rest = received.partition(b"\r\n\r\n")
    return head, rest


def _with_headers(head: bytes, client: str) -> bytes:
    added = f"X-Forwarded-Proto: https\r\nX-Forwarded-For: {client}\r\nX-ARR-SSL: 2048|256\r\n"
    kept = REPLACED.sub(b"", head)
    return kept + b"\r\n" + added.encode() + b"Connection: close\r\n\r\n"


def _pass_on(client: ssl.SSLSocket, server: socket.socket) -> None:
    """Forward the bytes of both sides until the server ends.

    Uses one thread, because a TLS connection must not be read and written at the same time.
    """
    with selectors.DefaultSelector() as waiting:
        waiting.register(client, selectors.EVENT_READ, (client, server))
        waiting.register(server, selectors.EVENT_READ, (server, client))
        while True:
            for key, _events in waiting.select():
                source, sink = key.data
                data = source.recv(65536)
                # select() does not report bytes that TLS has already decrypted.
                while source is client and client.pending():
                    data += client.recv(65536)
                if not data and source is server:
                    return
                if not data:
                    waiting.unregister(client)
                    sink.shutdown(socket.SHUT_WR)
                else:
                    sink.sendall(data)
