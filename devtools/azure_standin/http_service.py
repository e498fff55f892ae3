"""One HTTP/1.1 server for all the services: parsing, TLS, faults and the log of requests.

A service is a function from a :class:`Request` to a :class:`Response`; nothing in it knows of
sockets.
"""

from __future__ import annotations

import http
import json
import socket
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.message import Message
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from devtools.azure_standin.connections import Listener, reset_on_close
from devtools.azure_standin.faults import TRANSPORT_FAULTS, Fault, Faults


@dataclass
class Request:
    """What was asked. The service fills in the last three as it learns them, for the log."""

    method: str
    path: str
    query: dict[str, str]
    headers: Message
    body: bytes
    client_id: str = ""
    resource: str = ""
    fault: str = ""

    @property
    def host(self) -> str:
        """The host name that the client meant to ask."""
        return self.headers.get("Host", "").partition(":")[0].lower()

    @property
    def segments(self) -> list[str]:
        """The parts of the path, decoded; a slash at the end counts for nothing."""
        return [unquote(part) for part in self.path.strip("/").split("/") if part]

    @property
    def bearer(self) -> str:
        """The token that the request carries, or an empty string."""
        scheme, _, token = self.headers.get("Authorization", "").partition(" ")
        return token.strip() if scheme.lower() == "bearer" else ""


@dataclass(frozen=True)
class Response:
    """An answer; `headers` need not say how long the body is."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of_json(
        cls, status: int, content: object, headers: Mapping[str, str] | None = None
    ) -> Response:
        """An answer whose body is JSON."""
        content_type = {"Content-Type": "application/json; charset=utf-8"}
        return cls(status, json.dumps(content).encode(), {**content_type, **(headers or {})})

    def rendered(self, method: str) -> bytes:
        """The whole answer in one piece: two small packets would wait for each other."""
        headers = {"Date": formatdate(usegmt=True), **self.headers}
        if method != "HEAD":
            headers["Content-Length"] = str(len(self.body))
        phrase = http.HTTPStatus(self.status).phrase
        lines = [f"HTTP/1.1 {self.status} {phrase}", *(f"{k}: {v}" for k, v in headers.items())]
        head = "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n"
        return head if method == "HEAD" else head + self.body


@dataclass(frozen=True)
class LoggedRequest:
    """A line of the log: what was asked and answered, never a secret, a token or a body.

    `status` is 0 when the answer never came (a fault), `fault` names the fault that struck.
    """

    service: str
    method: str
    path: str
    status: int
    client_id: str = ""
    resource: str = ""
    fault: str = ""
    time: float = field(default_factory=time.time)


class HttpService:
    """Serves one function over HTTP, or over HTTPS when `tls` says with which certificate."""

    def __init__(
        self,
        name: str,
        answer: Callable[[Request], Response],
        *,
        faults: Faults,
        log: list[LoggedRequest],
        tls: Callable[[], ssl.SSLContext] | None = None,
        port: int = 0,
    ) -> None:
        self.name = name
        self.answer = answer
        self.faults = faults
        self.log = log
        self._tls = tls
        self.listener = Listener(name, self._serve, port)

    def _serve(self, connection: socket.socket) -> None:
        if self._tls is None:
            _Conversation(connection, connection.getpeername(), self)
            return
        with self._tls().wrap_socket(connection, server_side=True) as secured:
            _Conversation(secured, secured.getpeername(), self)


class _Conversation(BaseHTTPRequestHandler):
    """The requests of one connection, one after the other."""

    protocol_version = "HTTP/1.1"

    def __init__(self, connection: socket.socket, address: Any, service: HttpService) -> None:
        self.service = service
        super().__init__(connection, address, service)  # type: ignore[arg-type]

    def _converse(self) -> None:
        request = self._read()
        fault = self.service.faults.take(self.service.name, TRANSPORT_FAULTS)
        request.fault = fault.name if fault else ""
        if fault is not None and self._is_swallowed(request, fault):
            return
        response = self.service.answer(request)
        self._log(request, response.status)
        self._send(response.rendered(request.method), fault)

    do_GET = do_HEAD = do_PUT = do_POST = do_PATCH = do_DELETE = _converse

    def _read(self) -> Request:
        address = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        return Request(
            self.command,
            address.path,
            dict(parse_qsl(address.query, keep_blank_values=True)),
            self.headers,
            body,
        )

    def _is_swallowed(self, request: Request, fault: Fault) -> bool:
        """Let `fault` strike; whether no answer is to be sent any more."""
        if fault.name == "slow":
            return self.service.listener.stopped.wait(fault.seconds)
        self.close_connection = True
        if fault.name == "drip":
            return False
        self._log(request, 0)
        if fault.name == "reset":
            reset_on_close(self.connection)
        else:
            self.rfile.read(1)  # Until the client gives up or the service stops.
        return True

    def _send(self, answer: bytes, fault: Fault | None) -> None:
        if fault is None or fault.name != "drip":
            self.wfile.write(answer)
            return
        for byte in answer:
            self.wfile.write(bytes([byte]))
            if self.service.listener.stopped.wait(fault.seconds):
                return

    def _log(self, request: Request, status: int) -> None:
        self.service.log.append(
            LoggedRequest(
                self.service.name,
                request.method,
                request.path,
                status,
                request.client_id,
                request.resource,
                request.fault,
            )
        )

    def log_message(self, format: str, *args: Any) -> None:
        """Write nothing: the log of requests is the record."""
