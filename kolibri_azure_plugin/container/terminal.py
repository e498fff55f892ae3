"""Runs a program for an SSH session, on a terminal or on pipes.

asyncssh passes on the program's output, and on a terminal also input, window size and signals.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from asyncio.subprocess import PIPE, Process
from collections.abc import Mapping, Sequence
from typing import Any

import asyncssh

Session = asyncssh.SSHServerProcess[bytes]

CHUNK = 65536

#: Seconds that a program has to end after its session was disconnected.
GRACE = 2.0


async def run(session: Session, command: Sequence[str], environ: Mapping[str, str]) -> int:
    """Run a program until it ends. A disconnected session ends it too.

    :returns: its exit code; for a signal, minus the signal's number.
    """
    start = _on_pipes if session.term_type is None else _on_terminal
    process = await start(session, command, environ)
    ending: asyncio.Future[int] = asyncio.ensure_future(_wait_for_end_and_output(session, process))
    cut: asyncio.Future[Any] = asyncio.ensure_future(session.channel.wait_closed())
    input_: asyncio.Future[Any] = asyncio.ensure_future(_pass_on_input(session, process))
    try:
        await asyncio.wait({ending, cut}, return_when=asyncio.FIRST_COMPLETED)
        if ending.done():
            return ending.result()
        _signal(process, signal.SIGHUP)
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(process.wait(), GRACE)
        return -signal.SIGHUP
    finally:
        session.set_redirect_pid(None)
        _signal(process, signal.SIGKILL)
        for task in (ending, cut, input_):
            task.cancel()


async def _on_terminal(
    session: Session, command: Sequence[str], environ: Mapping[str, str]
) -> Process:
    """Start on a controlling terminal, so that Ctrl-C reaches the program."""
    ours, theirs = os.openpty()
    try:
        # Before the start, so that the program finds the size of the window. The client's EOF must
        # not close the terminal, where the user types Ctrl-D instead.
        await session.redirect(ours, os.dup(ours), send_eof=False, recv_eof=False)
        process = await asyncio.create_subprocess_exec(
            "setsid", "--ctty", *command,
            stdin=theirs, stdout=theirs, stderr=theirs,
            env={**environ, "TERM": session.term_type or ""}, cwd=_home(environ),
        )  # fmt: skip
    finally:
        os.close(theirs)
        os.close(ours)  # asyncssh has its own duplicates
    # Negative, which means a whole process group to os.kill.
    session.set_redirect_pid(-process.pid)
    return process


async def _on_pipes(
    session: Session, command: Sequence[str], environ: Mapping[str, str]
) -> Process:
    """Start without a terminal, for ``ssh HOST COMMAND``.

    The pipes are created here, because asyncssh fails with asyncio's streams once the channel is
    full.
    """
    (our_stdout, stdout), (our_stderr, stderr) = os.pipe(), os.pipe()
    try:
        # With send_eof, the end of one output would also end the other.
        await session.redirect(None, our_stdout, our_stderr, send_eof=False)
        return await asyncio.create_subprocess_exec(
            *command,
            stdin=PIPE, stdout=stdout, stderr=stderr,
            env=environ, cwd=_home(environ), start_new_session=True,
        )  # fmt: skip
    finally:
        os.close(stdout)
        os.close(stderr)


async def _pass_on_input(session: Session, process: Process) -> None:
    """Pass the client's input to a program on pipes.

    asyncssh would lose the end of a long input, because asyncio's pipes drop buffered data when
    they are closed while paused.
    """
    if process.stdin is None:
        return
    # A program need not read all of its input.
    with contextlib.suppress(OSError):
        while not session.stdin.at_eof():
            process.stdin.write(await _read(session, process))
            await process.stdin.drain()
    process.stdin.close()


async def _read(session: Session, process: Process) -> bytes:
    """The client's next input. Signals are passed to the program at once."""
    try:
        return await session.stdin.read(CHUNK)
    except asyncssh.SignalReceived as received:
        _signal(process, getattr(signal, f"SIG{received.signal}", signal.SIGTERM))
    except asyncssh.BreakReceived:
        _signal(process, signal.SIGINT)
    except asyncssh.TerminalSizeChanged:
        """Pipes have no size."""
    return b""


async def _wait_for_end_and_output(session: Session, process: Process) -> int:
    code = await process.wait()
    # asyncssh would end the connection on a signal for a program that has ended.
    session.set_redirect_pid(None)
    # They fail when the session is disconnected, which `run` notices by its channel.
    with contextlib.suppress(OSError, asyncssh.Error):
        await session.stdout.drain()
        await session.stderr.drain()
    return code


def _signal(process: Process, number: int) -> None:
    """Send a signal to the program and its foreground processes."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)


def _home(environ: Mapping[str, str]) -> str:
    home = environ.get("HOME", "/")
    return home if os.path.isdir(home) else "/"
