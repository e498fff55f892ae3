"""A round-robin proxy in front of several instances, which records all requests."""

from __future__ import annotations

import contextlib
import http.client
import itertools
import json
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from typing import Any, Callable

from devtools.loopback_server import LOOPBACK, LoopbackServer

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
TRANSFERS = "/api/morango/v1/transfersessions/"

#: Headers that are about one connection.
HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length"}


@dataclass(frozen=True)
class Exchange:
    """One request and its answer.

    :param stage: the stage of a transfer after the request; empty for other requests.
    :param stage_status: the status of that stage.
    """

    method: str
    path: str
    status: int
    seconds: float
    port: int
    stage: str = ""
    stage_status: str = ""

    @property
    def requests_stage(self) -> bool:
        """True for a request that starts a stage, false for one that polls its progress.

        A pull also reports each chunk, as part of the transfer stage.
        """
        return self.method == "PATCH" and self.stage not in {"", "transferring"}

    def __str__(self) -> str:
        state = f" ({self.stage} {self.stage_status})" if self.stage else ""
        address = self.path.split("?")[0].replace("/api/morango/v1/", "")
        return f"{self.method} {address}{state}: {self.seconds:.1f} s"


def _nothing(*_event: object) -> None:
    pass


class RoundRobin(LoopbackServer):
    """Passes requests on to `ports` in turn.

    As on App Service, a request that an instance drops is answered with 502. If an instance does
    not listen, the request goes to the next one.

    There are two optional hooks: `on_request` is called with method, path and port when an instance
    has received a request, and `on_answer` with the exchange before the client has the answer.
    """

    def __init__(self, ports: Sequence[int]) -> None:
        self._ports = itertools.cycle(ports)
        self._count = len(ports)
        self._lock = threading.Lock()
        self.exchanges: list[Exchange] = []
        self.on_request: Callable[[str, str, int], None] = _nothing
        self.on_answer: Callable[[Exchange], None] = _nothing
        methods = {f"do_{method}": _Handler.pass_on for method in METHODS}
        super().__init__(type("Handler", (_Handler,), {"proxy": self, **methods}))

    def forget(self) -> None:
        """Clear the recorded requests and the hooks."""
        self.exchanges = []
        self.on_request = self.on_answer = _nothing

    def longest(self) -> Exchange:
        """The longest exchange."""
        return max(self.exchanges, key=lambda exchange: exchange.seconds)

    def stages(self) -> list[tuple[str, str]]:
        """The requested stages in order, with their state in the answer."""
        return [(each.stage, each.stage_status) for each in self.exchanges if each.requests_stage]

    def connect(self) -> http.client.HTTPConnection:
        """A connection to the next instance that listens.

        :raises OSError: if none does.
        """
        for attempt in range(self._count):
            with self._lock:
                port = next(self._ports)
            connection = http.client.HTTPConnection(LOOPBACK, port)
            try:
                connection.connect()
                return connection
            except OSError:
                if attempt == self._count - 1:
                    raise
        raise OSError("there is no instance")


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    proxy: RoundRobin

    def log_message(self, *_arguments: Any) -> None:
        """Print nothing."""

    def pass_on(self) -> None:
        began = time.monotonic()
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        port = 0
        try:
            connection = self.proxy.connect()
            port = connection.port
            with contextlib.closing(connection):
                connection.request(self.command, self.path, body, dict(self.headers.items()))
                self.proxy.on_request(self.command, self.path, port)
                answer = connection.getresponse()
                text = answer.read()
            status, headers = answer.status, answer.getheaders()
        except (OSError, http.client.HTTPException):
            status, headers, text = 502, [("Content-Type", "text/plain")], b"Bad Gateway"
        stage = _stage(self.path, text)
        seconds = time.monotonic() - began
        exchange = Exchange(self.command, self.path, status, seconds, port, *stage)
        self.proxy.exchanges.append(exchange)
        self.proxy.on_answer(exchange)
        self._answer(status, headers, text)

    def _answer(self, status: int, headers: list[tuple[str, str]], text: bytes) -> None:
        self.send_response_only(status)
        for name, value in headers:
            if name.lower() not in HOP_BY_HOP:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(text)


def _stage(path: str, text: bytes) -> tuple[str, str]:
    if not path.startswith(TRANSFERS):
        return "", ""
    try:
        transfer = json.loads(text)
        return transfer["transfer_stage"] or "", transfer["transfer_stage_status"] or ""
    except (ValueError, KeyError, TypeError):
        return "", ""
