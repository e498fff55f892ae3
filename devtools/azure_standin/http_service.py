"""One HTTP/1.1 server for all the services: parsing, TLS, faults and the log of requests.

A service is a function from a request to a response, without access to sockets.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from devtools.azure_standin.connections import Listener, reset_on_close
from devtools.azure_standin.faults import ANSWER_FAULTS, TRANSPORT_FAULTS, Fault, Faults
from devtools.azure_standin.messages import LoggedRequest, RefusedError, Request, Response

_GATEWAY_PAGE = b"<html><head><title>502 Bad Gateway</title></head></html>\n"


class HttpService:
    """Serves one function over HTTP, or over HTTPS if `tls` chooses a certificate."""

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
        self.faults = faults
        self.log = log
        self._answer = answer
        self._tls = tls
        self.listener = Listener(name, self._serve, port)

    def answer(self, request: Request) -> Response:
        """The function's answer, returned or raised as a refusal."""
        try:
            return self._answer(request)
        except RefusedError as refusal:
            return refusal.response

    def _serve(self, connection: socket.socket) -> None:
        if self._tls is None:
            _Conversation(connection, connection.getpeername(), self)
            return
        with self._tls().wrap_socket(connection, server_side=True) as secured:
            _Conversation(secured, secured.getpeername(), self)


def strike(
    faults: Faults, service: str, request: Request, answer: Callable[[Fault], Response]
) -> None:
    """Refuse a request with a good token if an answer fault of `service` is active."""
    fault = faults.take(service, ANSWER_FAULTS[service])
    if fault is None:
        return
    request.fault = fault.name
    if fault.name == "bad-gateway":
        raise RefusedError(Response(502, _GATEWAY_PAGE, {"Content-Type": "text/html"}))
    raise RefusedError(answer(fault))


class _Conversation(BaseHTTPRequestHandler):
    """The requests of one connection, one after another."""

    protocol_version = "HTTP/1.1"

    def __init__(self, connection: socket.socket, address: Any, service: HttpService) -> None:
        self.service = service
        super().__init__(connection, address, service)  # type: ignore[arg-type]

    def _converse(self) -> None:
        request = self._read()
        fault = self.service.faults.take(self.service.name, TRANSPORT_FAULTS)
        request.fault = fault.name if fault else ""
        if fault is not None and self._is_dropped(request, fault):
            return
        response = self.service.answer(request)
        self._log(request, response.status)
        self._send(response.rendered(request.method), fault)

    do_GET = do_HEAD = do_PUT = do_POST = do_PATCH = do_DELETE = _converse  # noqa: N815

    def _read(self) -> Request:
        address = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        query = dict(parse_qsl(address.query, keep_blank_values=True))
        return Request(self.command, address.path, query, self.headers, body)

    def _is_dropped(self, request: Request, fault: Fault) -> bool:
        """Apply `fault`; return True if no answer must be sent."""
        if fault.name == "slow":
            return self.service.listener.stopped.wait(fault.seconds)
        if fault.name == "drip":
            return False
        self.close_connection = True
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

    def log_message(self, *_: Any, **__: Any) -> None:
        """Print nothing; the log of requests has everything."""
