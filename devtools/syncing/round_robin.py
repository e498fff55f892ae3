"""What stands before several instances: each request goes to the next of them, and is noted."""

from __future__ import annotations

import contextlib
import http.client
import itertools
import json
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Callable

if TYPE_CHECKING:
    from typing_extensions import Self

LOOPBACK = "127.0.0.1"
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
TRANSFERS = "/api/morango/v1/transfersessions/"

#: Headers that are about one connection.
HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length"}


@dataclass(frozen=True)
class Exchange:
    """One request and its answer.

    :param stage: of a transfer, after the request; empty for all other requests.
    :param stage_status: likewise.
    """

    method: str
    path: str
    status: int
    seconds: float
    port: int
    stage: str = ""
    stage_status: str = ""

    @property
    def begins_a_stage(self) -> bool:
        """True for the request that asks for a stage, false for one that asks how far it is.

        A pull tells of each chunk too, as of the stage in which chunks are transferred.
        """
        return self.method == "PATCH" and self.stage not in {"", "transferring"}

    def __str__(self) -> str:
        state = f" ({self.stage} {self.stage_status})" if self.stage else ""
        address = self.path.split("?")[0].replace("/api/morango/v1/", "")
        return f"{self.method} {address}{state}: {self.seconds:.1f} s"


def _nothing(*_event: object) -> None:
    pass


class RoundRobin:
    """Listens on 127.0.0.1, as a context manager, and passes requests on to `ports` in turn.

    As on App Service, a request that an instance drops is answered 502; one that finds no listener
    goes to the next instance.

    Two functions can be set for what is to happen in between: `on_request` is called with method,
    path and port when an instance has got a request, and `on_answer` with the exchange before the
    client has the answer.
    """

    def __init__(self, ports: Sequence[int]) -> None:
        self._ports = itertools.cycle(ports)
        self._count = len(ports)
        self._lock = threading.Lock()
        self.exchanges: list[Exchange] = []
        self.on_request: Callable[[str, str, int], None] = _nothing
        self.on_answer: Callable[[Exchange], None] = _nothing
        methods = {f"do_{method}": _Handler.pass_on for method in METHODS}
        handler = type("Handler", (_Handler,), {"proxy": self, **methods})
        self._server = ThreadingHTTPServer((LOOPBACK, 0), handler)
        self._server.daemon_threads = True
        self.port: int = self._server.server_address[1]
        self.url = f"http://{LOOPBACK}:{self.port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def forget(self) -> None:
        """Begin anew: nothing is noted, and nothing is to happen."""
        self.exchanges = []
        self.on_request = self.on_answer = _nothing

    def longest(self) -> Exchange:
        """The exchange that took longest."""
        return max(self.exchanges, key=lambda exchange: exchange.seconds)

    def stages(self) -> list[tuple[str, str]]:
        """The stages that were asked for, in order, and their state in the answer."""
        return [(each.stage, each.stage_status) for each in self.exchanges if each.begins_a_stage]

    def connect(self) -> http.client.HTTPConnection:
        """A connection to the next instance that listens.

        :raises OSError: when none does.
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
        """Nothing is printed."""

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
