"""Runs PostgreSQL's programs, and explains how they failed."""

from __future__ import annotations

import contextlib
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from typing import IO, Any

from kolibri_azure_plugin.errors.redaction import redact

#: The number of characters kept from the end of a program's messages.
LAST_WORDS = 2000


class ProgramError(Exception):
    """A program failed. The text is the end of its messages, without secrets."""


class Running:
    """A program that runs, with its messages in a file, so that it never waits for a reader."""

    def __init__(self, process: subprocess.Popen[bytes], messages: IO[bytes]) -> None:
        self._process = process
        self._messages = messages

    @property
    def output(self) -> IO[bytes]:
        assert self._process.stdout is not None
        return self._process.stdout

    @property
    def input(self) -> IO[bytes]:
        assert self._process.stdin is not None
        return self._process.stdin

    def finish(self) -> None:
        """Wait for its end.

        :raises ProgramError: when it failed.
        """
        with contextlib.suppress(BrokenPipeError):
            if self._process.stdin is not None:
                self._process.stdin.close()
        if self._process.wait():
            raise ProgramError(self.last_words() or f"exit code {self._process.returncode}")

    @property
    def was_killed(self) -> bool:
        """True if a signal ended it, such as the kernel's when a machine has no more memory."""
        return self._process.poll() is not None and self._process.returncode < 0

    def last_words(self) -> str:
        """The end of its messages so far."""
        self._messages.seek(0)
        return redact(self._messages.read().decode(errors="replace").strip()[-LAST_WORDS:])


@contextlib.contextmanager
def running(
    command: Sequence[str], environment: Mapping[str, str], **streams: Any
) -> Iterator[Running]:
    """Run a program during a `with` block; it is killed at the end if it still runs.

    If this process is killed instead, the program notices that its pipes are closed. Ctrl-C does
    not reach it, because it has its own session.

    :param streams: `stdin` and `stdout` of :class:`subprocess.Popen`.
    """
    with tempfile.TemporaryFile() as messages:
        process = subprocess.Popen(
            command,
            env=dict(environment),
            stdin=streams.get("stdin", subprocess.DEVNULL),
            stdout=streams.get("stdout", subprocess.DEVNULL),
            stderr=messages,
            start_new_session=True,
        )
        try:
            yield Running(process, messages)
        finally:
            process.kill()
            for stream in (process.stdin, process.stdout):
                if stream is not None:
                    with contextlib.suppress(BrokenPipeError):
                        stream.close()
            process.wait()
