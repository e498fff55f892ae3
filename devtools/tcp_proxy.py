"""A proxy between a client and a local server, which adds delay, cuts, or terminates TLS.

    with TcpProxy(postgres.port) as proxy:
        connect(proxy.port)
        proxy.cut()

    python -m devtools.tcp_proxy TARGET --port PORT [--milliseconds 1]

Each byte is delayed by the given time, in each direction, and bytes keep their order. Opening a
connection is not delayed.
"""

from __future__ import annotations

import argparse
import asyncio
import collections
import ctypes
import dataclasses
import select
import selectors
import socket
import ssl
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, cast

from devtools.certificates import IssuedCertificate
from devtools.ports import free_port, is_free
from devtools.process import BackgroundProcess

if TYPE_CHECKING:
    from typing_extensions import Self

    Selector = selectors.SelectSelector  # the class depends on the system
else:
    Selector = selectors.DefaultSelector

LOOPBACK = "127.0.0.1"

#: The maximum number of connections that wait to be accepted.
BACKLOG = 512

#: From linux/prctl.h. By default the kernel adds up to 50 microseconds to each wait, a twentieth of
#: the delay.
PR_SET_TIMERSLACK = 29

START_SECONDS = 30
REPOSITORY = Path(__file__).parents[1]


class TcpProxy:
    """Listens on `port`, and forwards everything to `target`; use it as a context manager.

    :param delay: the delay of each byte, in seconds.
    :param source: the client address that the server sees.
    :param certificate: terminates the client's TLS here; PostgreSQL's connection has none, as
        behind a connection pooler.
    :param listen: another address of this machine to listen on.
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
        tls = None
        if certificate is not None:
            tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            tls.load_cert_chain(certificate.certificate_file, certificate.key_file)
        self._way = Way(target, delay, source, tls)
        self._listener = socket.create_server((listen, 0))
        self.port: int = self._listener.getsockname()[1]
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="proxy", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    def cut(self) -> None:
        """Block old and new connections without closing any.

        This simulates a network that drops every packet while both ends believe that they are
        connected. It is harder than a failure that the operating systems detect.
        """
        self._way.is_cut = True

    def restore(self) -> None:
        """Unblock all connections, and deliver blocked bytes first."""
        self._loop.call_soon_threadsafe(self._way.restore)

    def _run(self) -> None:
        serving = self._loop.create_task(serve(self._way, self._listener))
        self._loop.run_forever()  # until it is stopped
        tasks = {serving, *asyncio.all_tasks(self._loop)}
        for task in tasks:
            task.cancel()
        self._loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
        self._loop.close()


class LatencyProxy(BackgroundProcess):
    """Runs the command above, listening on `port`; use it as a context manager.

    A separate process, so that it and the caller's interpreter don't slow each other down.
    """

    def __init__(self, target: int, folder: Path, *, milliseconds: float = 1.0) -> None:
        self.port = free_port()
        options = ["--port", str(self.port), "--milliseconds", str(milliseconds)]
        super().__init__(
            [sys.executable, "-m", "devtools.tcp_proxy", str(target), *options],
            environment={"PYTHONPATH": str(REPOSITORY)},
            folder=folder,
            log_file=folder / "delay.log",
        )
        self.wait_until(lambda: not is_free(self.port), "the delay to listen", START_SECONDS)


@dataclasses.dataclass
class Way:
    """The state shared by all connections of a proxy."""

    target: int
    delay: float = 0.0
    source: str = LOOPBACK
    tls: ssl.SSLContext | None = None
    is_cut: bool = False
    ends: set[End] = dataclasses.field(default_factory=set)
    held: list[Callable[[], None]] = dataclasses.field(default_factory=list)

    def restore(self) -> None:
        self.is_cut = False
        held, self.held = self.held, []
        for send in held:
            send()


class End(asyncio.Protocol):
    """One end of a connection; incoming bytes leave at the `other` end, later."""

    transport: asyncio.Transport

    def __init__(self, way: Way) -> None:
        self._way = way
        self._under_way: collections.deque[bytes] = collections.deque()
        self.other = self
        self.ended = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        self._way.ends.add(self)

    def data_received(self, data: bytes) -> None:
        self._send_later(data)

    def eof_received(self) -> bool:
        self._send_later(b"")
        return self.transport.can_write_eof()  # the other direction stays open

    def connection_lost(self, _error: Exception | None) -> None:
        self._way.ends.discard(self)
        self._send_later(b"")

    def pause_writing(self) -> None:
        self.other.transport.pause_reading()

    def resume_writing(self) -> None:
        self.other.transport.resume_reading()

    def _send_later(self, data: bytes) -> None:
        self._under_way.append(data)
        asyncio.get_running_loop().call_later(self._way.delay, self._send_next)

    def _send_next(self) -> None:
        if self._way.is_cut:
            self._way.held.append(self._send_next)
            return
        data = self._under_way.popleft()
        target = self.other.transport
        if data:
            target.write(data)
        elif self.other.ended or self.transport.is_closing() or not target.can_write_eof():
            self.transport.close()
            target.close()
        else:
            self.ended = True
            try:
                target.write_eof()
            except OSError:  # that end has been reset, which asyncio has not noticed yet
                target.abort()


class ClientEnd(End):
    """The client's end, which opens the server's."""

    _connecting: asyncio.Task[None] | None = None

    def __init__(self, way: Way) -> None:
        super().__init__(way)
        self._early: list[bytes] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        if self._way.tls is None:
            self._begin()

    def data_received(self, data: bytes) -> None:
        if self._connecting is not None:
            # Some versions of asyncio read on, although reading was paused in connection_made.
            if self.other is self:
                self._early.append(data)
            else:
                super().data_received(data)
            return
        # https://www.postgresql.org/docs/current/protocol-message-formats.html, SSLRequest.
        self.transport.write(b"S")
        self._begin()

    def _begin(self) -> None:
        self.transport.pause_reading()
        self._connecting = asyncio.get_running_loop().create_task(self._connect())

    async def _connect(self) -> None:
        loop, way = asyncio.get_running_loop(), self._way
        server = End(way)
        server.other = self
        try:
            await loop.create_connection(
                lambda: server, LOOPBACK, way.target, local_addr=(way.source, 0)
            )
            self.other = server
            if way.tls is not None:
                tls = await loop.start_tls(self.transport, self, way.tls, server_side=True)
                self.transport = cast("asyncio.Transport", tls)
        except OSError:
            self.transport.abort()
        else:
            for data in self._early:
                super().data_received(data)
            self.transport.resume_reading()


async def serve(way: Way, listener: socket.socket) -> None:
    """Forward everything until cancelled, which ends every connection."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: ClientEnd(way), sock=listener, backlog=BACKLOG)
    try:
        await loop.create_future()  # until cancelled
    finally:
        # Not Server.serve_forever: since Python 3.12, it first waits for every connection to end.
        server.close()
        for end in way.ends:
            end.transport.abort()


class PreciseSelector(Selector):
    """Waits exactly as long as requested; other selectors round up to whole milliseconds."""

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is not None and timeout > 0:
            select.select([self.fileno()], [], [], timeout)  # type: ignore[attr-defined]
            timeout = 0
        return super().select(timeout)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m devtools.tcp_proxy")
    parser.add_argument("target", type=int, help="the server's port")
    parser.add_argument("--port", type=int, required=True, help="where to listen")
    parser.add_argument("--milliseconds", type=float, default=1.0, help="in each direction")
    options = parser.parse_args()
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_TIMERSLACK, 1, 0, 0, 0)
    loop = asyncio.SelectorEventLoop(PreciseSelector())
    way = Way(options.target, options.milliseconds / 1000)
    loop.run_until_complete(serve(way, socket.create_server((LOOPBACK, options.port))))


if __name__ == "__main__":
    main()
