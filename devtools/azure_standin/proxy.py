"""The way in: a CONNECT proxy that routes the production host names to the local servers.

Clients use ``https://NAME.vault.azure.net`` unmodified and verify its certificate; only
HTTPS_PROXY and the trusted authority come from the environment. The proxy refuses every other
destination with 403, and connects only to loopback.
"""

from __future__ import annotations

import contextlib
import selectors
import socket
from collections.abc import Mapping

from devtools.azure_standin.connections import LOOPBACK, Listener, reset_on_close
from devtools.azure_standin.faults import ROUTE_FAULTS, Faults
from devtools.azure_standin.messages import LoggedRequest

_HTTPS_PORT = "443"
_MAX_HEADER_BYTES = 65536
_STATUS_OF_FAULT = {"refused": 502, "unknown-host": 503}
_PHRASES = {
    200: "Connection established",
    403: "Forbidden",
    502: "Bad Gateway",
    503: "Service Unavailable",
}


class ConnectProxy:
    """Tunnels to the service whose suffix the host name has; `routes` is suffix to (name, port)."""

    def __init__(
        self,
        routes: Mapping[str, tuple[str, int]],
        faults: Faults,
        log: list[LoggedRequest],
        port: int = 0,
    ) -> None:
        self._routes = routes
        self._faults = faults
        self._log = log
        self._tunnels: list[tuple[str, socket.socket]] = []
        self.listener = Listener("proxy", self._serve, port)

    def _serve(self, client: socket.socket) -> None:
        head, rest = _read_head(client)
        method, target = [*head.split(b" "), b"", b""][:2]
        destination = target.decode("latin-1")
        service, port = self._route(method.decode("latin-1"), destination)
        fault = self._faults.take(service, ROUTE_FAULTS)
        status = 403 if not service else _STATUS_OF_FAULT[fault.name] if fault else 200
        name = fault.name if fault else ""
        self._log.append(
            LoggedRequest("proxy", method.decode("latin-1"), destination, status, fault=name)
        )
        if status == 200:
            self._lead(client, rest, service, port)
            return
        body = f"The stand-in's proxy does not lead to {destination}.\n".encode()
        client.sendall(_answer(status, f"Content-Length: {len(body)}") + body)

    def drop(self, service: str) -> None:
        """Cut the connections to `service`, so that clients with a pool must reconnect."""
        for name, client in list(self._tunnels):
            if name == service:
                with contextlib.suppress(OSError):
                    client.shutdown(socket.SHUT_RDWR)

    def _route(self, method: str, destination: str) -> tuple[str, int]:
        """The service of a destination and its local port; raises for unknown destinations."""
        host, _, port = destination.rpartition(":")
        for suffix, route in self._routes.items():
            if method == "CONNECT" and host.lower().endswith(suffix) and port == _HTTPS_PORT:
                return route
        return "", 0

    def _lead(self, client: socket.socket, rest: bytes, service: str, port: int) -> None:
        tunnel = (service, client)
        with socket.create_connection((LOOPBACK, port)) as server:
            server.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._tunnels.append(tunnel)
            try:
                client.sendall(_answer(200))
                server.sendall(rest)
                _tunnel(client, server)
            finally:
                self._tunnels.remove(tunnel)


def _read_head(client: socket.socket) -> tuple[bytes, bytes]:
    """The first line of the request, and the bytes after its head."""
    received = b""
    while b"\r\n\r\n" not in received and len(received) < _MAX_HEADER_BYTES:
        chunk = client.recv(4096)
        if not chunk:
            break
        received += chunk
    head, _, rest = received.partition(b"\r\n\r\n")
    return head.partition(b"\r\n")[0], rest


def _answer(status: int, *headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status} {_PHRASES[status]}", *headers, "", ""]
    return "\r\n".join(lines).encode()


def _tunnel(client: socket.socket, server: socket.socket) -> None:
    """Forward bytes in both directions until one side ends; forward a reset as a reset."""
    with selectors.DefaultSelector() as selector:
        selector.register(client, selectors.EVENT_READ, (client, server))
        selector.register(server, selectors.EVENT_READ, (server, client))
        while True:
            for key, _ in selector.select():
                if not _pass_on(*key.data):
                    return


def _pass_on(source: socket.socket, target: socket.socket) -> bool:
    """Forward available bytes; return False at the end."""
    try:
        received = source.recv(65536)
    except ConnectionResetError:
        with contextlib.suppress(OSError):
            reset_on_close(target)
        return False
    target.sendall(received)
    return bool(received)
