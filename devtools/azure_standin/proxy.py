"""The way in: a CONNECT proxy that leads the production host names to the local servers.

Clients use ``https://NAME.vault.azure.net`` unmodified and verify its certificate; only
HTTPS_PROXY and the trusted authority come from the environment. Every other destination is refused
with 403, and nothing is ever connected to but loopback.
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
_LONGEST_HEAD = 65536
_STATUS_OF_FAULT = {"refused": 502, "unknown-host": 503}
_PHRASES = {
    200: "Connection established",
    400: "Bad Request",
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
        self.listener = Listener("proxy", self._serve, port)

    def _serve(self, client: socket.socket) -> None:
        head, rest = _read_head(client)
        method, target = [*head.split(b" "), b"", b""][:2]
        destination = target.decode("latin-1")
        status, port, fault = self._decide(method.decode("latin-1"), destination)
        self._log.append(
            LoggedRequest("proxy", method.decode("latin-1"), destination, status, fault=fault)
        )
        if status != 200:
            body = f"The stand-in's proxy does not lead to {destination}.\n" * (status == 403)
            client.sendall(_answer(status, f"Content-Length: {len(body)}") + body.encode())
            return
        with socket.create_connection((LOOPBACK, port)) as server:
            server.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            client.sendall(_answer(status))
            if rest:
                server.sendall(rest)
            _tunnel(client, server)

    def _decide(self, method: str, destination: str) -> tuple[int, int, str]:
        """The status to answer, the local port to lead to, and the fault that struck."""
        host, _, port = destination.rpartition(":")
        if method != "CONNECT" or not host:
            return 403 if method else 400, 0, ""
        for suffix, (service, local_port) in self._routes.items():
            if host.lower().endswith(suffix) and port == _HTTPS_PORT:
                fault = self._faults.take(service, ROUTE_FAULTS)
                if fault is not None:
                    return _STATUS_OF_FAULT[fault.name], 0, fault.name
                return 200, local_port, ""
        return 403, 0, ""


def _read_head(client: socket.socket) -> tuple[bytes, bytes]:
    """The first line of the request, and what came after its head."""
    received = b""
    while b"\r\n\r\n" not in received and len(received) < _LONGEST_HEAD:
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
    """Pass bytes on in both directions until one side ends; a reset is passed on as a reset."""
    with selectors.DefaultSelector() as selector:
        selector.register(client, selectors.EVENT_READ, (client, server))
        selector.register(server, selectors.EVENT_READ, (server, client))
        while True:
            for key, _ in selector.select():
                if not _pass_on(*key.data):
                    return


def _pass_on(source: socket.socket, target: socket.socket) -> bool:
    """Whether there was something to pass on rather than the end."""
    try:
        received = source.recv(65536)
    except ConnectionResetError:
        with contextlib.suppress(OSError):
            reset_on_close(target)
        return False
    target.sendall(received)
    return bool(received)
