"""One process that touches a folder whenever it is asked, for who asks often.

It starts once, so that a question costs no start of Python. Nobody waits for it: an answer is there
or not yet. One that hangs is kept, since its answer is the first sign that the share is back. Only
after :data:`GIVEN_UP` is it killed, and a new one starts when it has died: on a share that hangs,
that may take until the share answers.
"""

from __future__ import annotations

import contextlib
import enum
import errno
import json
import os
import selectors
import subprocess
import time

from kolibri_azure_plugin.content import probe

#: Seconds of silence after which a process is given up.
GIVEN_UP = 15.0

#: What the kernel says of a share whose server is gone. Read-only, full or forbidden is another
#: matter: the server has answered.
GONE = frozenset(
    {
        errno.EAGAIN,
        errno.EIO,
        errno.ENXIO,
        errno.ENODEV,
        errno.ESTALE,
        errno.ECONNABORTED,
        errno.ECONNREFUSED,
        errno.ECONNRESET,
        errno.EHOSTDOWN,
        errno.EHOSTUNREACH,
        errno.ENETDOWN,
        errno.ENETUNREACH,
        errno.ENOTCONN,
        errno.EREMOTEIO,
        errno.ESHUTDOWN,
        errno.ETIMEDOUT,
    }
)


class Answer(enum.Enum):
    """What came of a question."""

    WORKS = "works"
    GONE = "gone"


class SteadyProbe:
    """Asks one folder, one question at a time."""

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        self._has_started = False
        self._asked_at: float | None = None

    @property
    def pid(self) -> int | None:
        """The process that has a question to answer; None: nothing was asked, or it starts yet."""
        is_asked = self._asked_at is not None and self._has_started
        return self._process.pid if self._process and is_asked else None

    def ask(self) -> None:
        """Put a question, unless one is open. It is heard when the process has started."""
        if self._asked_at is not None:
            return
        if self._process is None or self._process.poll() is not None:
            self._replace()
        assert self._process is not None
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write(b"\n")
        self._asked_at = time.monotonic()

    def answer(self) -> Answer | None:
        """The answer to the question, once; None: not yet."""
        if self._asked_at is None or self._process is None:
            return None
        found = self._read()
        if found is not None:
            self._asked_at = None
            return found
        if self._process.poll() is not None:
            # It was killed. Who asks again starts the next.
            self._asked_at = None
        elif time.monotonic() - self._asked_at > GIVEN_UP:
            self._process.kill()
        return None

    def close(self) -> None:
        """End the process, without waiting for it."""
        if self._process is not None:
            self._process.kill()
            self._close_pipes()
            self._process.poll()

    def _replace(self) -> None:
        self._close_pipes()
        self._has_started = False
        self._process = probe.start(probe.PROGRAM, "steadily", self._folder, buffer_size=0)

    def _read(self) -> Answer | None:
        lines = self._output().splitlines(keepends=True)
        self._has_started = self._has_started or probe.FIRST_WORD in lines
        reports = [line for line in lines if line != probe.FIRST_WORD]
        if not reports:
            return None
        return Answer.GONE if json.loads(reports[-1]).get("errno") in GONE else Answer.WORKS

    def _output(self) -> bytes:
        """What it has printed since the last time. Each answer is printed at one go."""
        assert self._process is not None
        assert self._process.stdout is not None
        with selectors.DefaultSelector() as selector:
            selector.register(self._process.stdout, selectors.EVENT_READ)
            if not selector.select(0):
                return b""
        return os.read(self._process.stdout.fileno(), 65536)

    def _close_pipes(self) -> None:
        if self._process is not None:
            for stream in (self._process.stdin, self._process.stdout):
                if stream is not None:
                    stream.close()
