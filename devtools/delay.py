"""A way to a server on this machine that is as long as one to another machine.

    python -m devtools.delay TARGET [--port PORT] [--milliseconds 1]

Each byte arrives so many milliseconds after it was sent, in each direction; however many are under
way at once, they keep their order. It is a process of its own, so that it neither waits for the
caller's interpreter nor holds it up. What it can't imitate: a connection is opened at once.
"""

from __future__ import annotations

import argparse
import asyncio
import collections
import ctypes
import select
import selectors
import sys
from pathlib import Path
from typing import TYPE_CHECKING, cast

from devtools.ports import free_port, is_free
from devtools.process import BackgroundProcess

if TYPE_CHECKING:
    Selector = selectors.SelectSelector  # which of them it is depends on the system
else:
    Selector = selectors.DefaultSelector

LOOPBACK = "127.0.0.1"

#: Connections that may wait to be accepted.
BACKLOG = 512

#: The number in linux/prctl.h. The kernel adds up to 50 microseconds to each wait unless it is
#: told not to, and that is a twentieth of the delay.
PR_SET_TIMERSLACK = 29

START_SECONDS = 30
REPOSITORY = Path(__file__).parents[1]


class Delay(BackgroundProcess):
    """The command above, listening at `port`; use it as a context manager."""

    def __init__(self, target: int, folder: Path, *, milliseconds: float = 1.0) -> None:
        self.port = free_port()
        options = ["--port", str(self.port), "--milliseconds", str(milliseconds)]
        super().__init__(
            [sys.executable, "-m", "devtools.delay", str(target), *options],
            environment={"PYTHONPATH": str(REPOSITORY)},
            folder=folder,
            log_file=folder / "delay.log",
        )
        self.wait_until(lambda: not is_free(self.port), "the delay to listen", START_SECONDS)


class PreciseSelector(Selector):
    """Waits as long as it is told: the others round up to whole milliseconds."""

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is not None and timeout > 0:
            select.select([self.fileno()], [], [], timeout)  # type: ignore[attr-defined]
            timeout = 0
        return super().select(timeout)


class End(asyncio.Protocol):
    """One end of a connection; what comes in there leaves at the `other`, `seconds` later."""

    other: End
    transport: asyncio.Transport

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._under_way: collections.deque[bytes] = collections.deque()
        self.ended = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._send_later(data)

    def eof_received(self) -> bool:
        self._send_later(b"")
        return True  # the other way stays open

    def connection_lost(self, _error: Exception | None) -> None:
        self._send_later(b"")

    def pause_writing(self) -> None:
        self.other.transport.pause_reading()

    def resume_writing(self) -> None:
        self.other.transport.resume_reading()

    def _send_later(self, data: bytes) -> None:
        self._under_way.append(data)
        asyncio.get_running_loop().call_later(self._seconds, self._send_next)

    def _send_next(self) -> None:
        data = self._under_way.popleft()
        if data:
            self.other.transport.write(data)
        elif self.other.ended or self.transport.is_closing():
            self.transport.close()
            self.other.transport.close()
        else:
            self.ended = True
            self.other.transport.write_eof()


class Accepted(End):
    """The client's end, which brings the server's along."""

    def __init__(self, target: int, seconds: float) -> None:
        super().__init__(seconds)
        self._target = target

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self.transport.pause_reading()
        self._connecting = asyncio.ensure_future(self._connect())

    async def _connect(self) -> None:
        self.other = End(self._seconds)
        self.other.other = self
        loop = asyncio.get_running_loop()
        try:
            await loop.create_connection(lambda: self.other, LOOPBACK, self._target)
        except OSError:
            self.transport.abort()
        else:
            self.transport.resume_reading()


async def relay(target: int, port: int, seconds: float) -> None:
    """Pass everything on until the process is ended."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: Accepted(target, seconds), LOOPBACK, port, backlog=BACKLOG
    )
    await server.serve_forever()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m devtools.delay")
    parser.add_argument("target", type=int, help="the server's port")
    parser.add_argument("--port", type=int, required=True, help="where to listen")
    parser.add_argument("--milliseconds", type=float, default=1.0, help="in each direction")
    options = parser.parse_args()
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_TIMERSLACK, 1, 0, 0, 0)
    loop = asyncio.SelectorEventLoop(PreciseSelector())
    loop.run_until_complete(relay(options.target, options.port, options.milliseconds / 1000))


if __name__ == "__main__":
    main()
