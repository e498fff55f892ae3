"""Runs a program for a session of SSH: on a terminal of its own, or on pipes."""

from __future__ import annotations

import abc
import asyncio
import contextlib
import errno
import fcntl
import os
import signal
import struct
import termios
from asyncio.subprocess import PIPE, Process
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Callable

import asyncssh

if TYPE_CHECKING:
    from typing_extensions import Self

Session = asyncssh.SSHServerProcess[bytes]

#: Columns, rows, and both in pixels.
Size = tuple[int, int, int, int]

CHUNK = 65536

#: Seconds that a program gets to end after its session was cut.
GRACE = 2.0


async def run(session: Session, command: Sequence[str], environ: Mapping[str, str]) -> int:
    """Run a program until it ends, or until the session is cut, which ends the program.

    :returns: its exit code; minus the number of the signal that ended it.
    """
    kind = OnPipes if session.term_type is None else OnTerminal
    program = await kind.start(session, command, environ)
    try:
        return await _until_it_ends(session, program)
    finally:
        program.signal(signal.SIGKILL)
        program.close()


class Program(abc.ABC):
    """A program under way, in a session of the operating system of its own."""

    process: Process

    @classmethod
    @abc.abstractmethod
    async def start(
        cls, session: Session, command: Sequence[str], environ: Mapping[str, str]
    ) -> Self: ...

    @abc.abstractmethod
    async def send_output(self, session: Session) -> None:
        """Send on what the program says, until nobody can say anything more."""

    @abc.abstractmethod
    async def write(self, data: bytes) -> None:
        """Give the program something to read."""

    @abc.abstractmethod
    async def end_input(self) -> None: ...

    @abc.abstractmethod
    def close(self) -> None: ...

    @abc.abstractmethod
    def resize(self, size: Size) -> None: ...

    def signal(self, number: int) -> None:
        """Send a signal to the program, and to what it runs in the foreground."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, number)


class OnTerminal(Program):
    """On a terminal that controls it, so that Ctrl-C reaches it."""

    def __init__(self, process: Process, terminal: int) -> None:
        self.process = process
        self._terminal = terminal

    @classmethod
    async def start(
        cls, session: Session, command: Sequence[str], environ: Mapping[str, str]
    ) -> Self:
        terminal, its_side = os.openpty()
        _set_size(terminal, session.term_size)
        process = await asyncio.create_subprocess_exec(
            "setsid", "--ctty", *command,
            stdin=its_side, stdout=its_side, stderr=its_side,
            env={**environ, "TERM": session.term_type or ""}, cwd=_home(environ),
        )  # fmt: skip
        os.close(its_side)
        os.set_blocking(terminal, False)
        return cls(process, terminal)

    async def send_output(self, session: Session) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await _ready(self._terminal, loop.add_reader, loop.remove_reader)
            try:
                data = os.read(self._terminal, CHUNK)
            except OSError as error:
                # Nobody has its other side open any more.
                if error.errno == errno.EIO:
                    return
                raise
            session.stdout.write(data)
            await session.stdout.drain()

    async def write(self, data: bytes) -> None:
        loop = asyncio.get_running_loop()
        while data:
            await _ready(self._terminal, loop.add_writer, loop.remove_writer)
            data = data[os.write(self._terminal, data) :]

    async def end_input(self) -> None:
        """A terminal's input ends when somebody types so."""

    def resize(self, size: Size) -> None:
        _set_size(self._terminal, size)

    def close(self) -> None:
        os.close(self._terminal)


class OnPipes(Program):
    """Without a terminal, as ``ssh HOST COMMAND`` wants it."""

    def __init__(self, process: Process) -> None:
        self.process = process

    @classmethod
    async def start(
        cls,
        session: Session,  # noqa: ARG003
        command: Sequence[str],
        environ: Mapping[str, str],
    ) -> Self:
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=PIPE, stdout=PIPE, stderr=PIPE,
            env=environ, cwd=_home(environ), start_new_session=True,
        )  # fmt: skip
        return cls(process)

    async def send_output(self, session: Session) -> None:
        await asyncio.gather(
            _copy(self.process.stdout, session.stdout), _copy(self.process.stderr, session.stderr)
        )

    async def write(self, data: bytes) -> None:
        assert self.process.stdin
        self.process.stdin.write(data)
        await self.process.stdin.drain()

    async def end_input(self) -> None:
        assert self.process.stdin
        self.process.stdin.close()

    def resize(self, size: Size) -> None:
        """There is nothing that has a size."""

    def close(self) -> None:
        """The pipes end with the program."""


async def _until_it_ends(session: Session, program: Program) -> int:
    ending: asyncio.Future[Any] = asyncio.ensure_future(_send_output_and_wait(session, program))
    taking: asyncio.Future[Any] = asyncio.ensure_future(_take_input(session, program))
    cut: asyncio.Future[Any] = asyncio.ensure_future(session.channel.wait_closed())
    try:
        await asyncio.wait({ending, cut}, return_when=asyncio.FIRST_COMPLETED)
        if ending.done():
            code: int = ending.result()
            return code
        program.signal(signal.SIGHUP)
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(program.process.wait(), GRACE)
        return -signal.SIGHUP
    finally:
        for task in (ending, taking, cut):
            task.cancel()
        await asyncio.gather(ending, taking, cut, return_exceptions=True)


async def _send_output_and_wait(session: Session, program: Program) -> int:
    await program.send_output(session)
    return await program.process.wait()


async def _take_input(session: Session, program: Program) -> None:
    # Whoever does not read to the end of its input is not to be made to.
    with contextlib.suppress(OSError):
        while not session.stdin.at_eof():
            await program.write(await _read(session, program))
        await program.end_input()


async def _read(session: Session, program: Program) -> bytes:
    """What was typed; what else the client wants is done at once."""
    try:
        return await session.stdin.read(CHUNK)
    except asyncssh.TerminalSizeChanged as change:
        program.resize(change.term_size)
    except asyncssh.SignalReceived as received:
        program.signal(getattr(signal, f"SIG{received.signal}", signal.SIGTERM))
    except asyncssh.BreakReceived:
        program.signal(signal.SIGINT)
    return b""


async def _copy(source: asyncio.StreamReader | None, target: Any) -> None:
    assert source
    while data := await source.read(CHUNK):
        target.write(data)
        await target.drain()


async def _ready(
    descriptor: int, add: Callable[..., None], remove: Callable[[int], object]
) -> None:
    ready = asyncio.get_running_loop().create_future()

    def notice() -> None:
        remove(descriptor)
        if not ready.done():
            ready.set_result(None)

    add(descriptor, notice)
    try:
        await ready
    finally:
        remove(descriptor)


def _set_size(terminal: int, size: Size) -> None:
    columns, rows, width, height = size
    numbers = struct.pack("HHHH", rows, columns, width, height)
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, numbers)


def _home(environ: Mapping[str, str]) -> str:
    home = environ.get("HOME", "/")
    return home if os.path.isdir(home) else "/"
