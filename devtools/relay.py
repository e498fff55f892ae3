"""Stands between a client and PostgreSQL: late, from another address, or taking TLS away."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
import time
from typing import TYPE_CHECKING

from devtools.certificates import IssuedCertificate

if TYPE_CHECKING:
    from typing_extensions import Self

LOOPBACK = "127.0.0.1"

#: https://www.postgresql.org/docs/current/protocol-message-formats.html, SSLRequest.
SSL_REQUEST_LENGTH = 8


class Relay:
    """Listens on 127.0.0.1 and passes everything on to `target`; use it as a context manager.

    :param delay: seconds by which each piece is late.
    :param source: the address that the server sees.
    :param certificate: with it, the client's TLS ends here, and the server gets none, as behind a
        connection pooler.
    :param listen: another address of this machine to listen at.
    """

    def __init__(
        self,
        target: int,
        *,
        delay: float = 0.0,
        source: str = LOOPBACK,
        certificate: IssuedCertificate | None = None,
        listen: str = LOOPBACK,
    ) -> None:
        self._target = target
        self._delay = delay
        self._source = source
        self._tls: ssl.SSLContext | None = None
        if certificate is not None:
            self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._tls.load_cert_chain(certificate.certificate_file, certificate.key_file)
        self._sockets: list[socket.socket] = []
        self._listener = socket.create_server((listen, 0))
        self.port: int = self._listener.getsockname()[1]

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_error: object) -> None:
        for each in (self._listener, *self._sockets):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _address = self._listener.accept()
                threading.Thread(target=self._connect, args=(client,), daemon=True).start()

    def _connect(self, client: socket.socket) -> None:
        self._sockets.append(client)
        with contextlib.suppress(OSError):
            if self._tls is not None:
                client.recv(SSL_REQUEST_LENGTH, socket.MSG_WAITALL)
                client.sendall(b"S")
                client = self._tls.wrap_socket(client, server_side=True)
            server = socket.create_connection(
                (LOOPBACK, self._target), source_address=(self._source, 0)
            )
            self._sockets += [client, server]
            for one, other in ((client, server), (server, client)):
                one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                threading.Thread(target=self._pass, args=(one, other), daemon=True).start()

    def _pass(self, source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                time.sleep(self._delay)
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)
