"""A long-running probe process for callers that check a folder often.

It saves the start of Python for each check. Callers never block: the answer is there, or not yet.
A process that hangs is kept for :data:`ANSWER_TIMEOUT`, because its answer is the first sign that
the share is back. Then it is killed, and a new one starts once it is dead. On a hung share, that
may take until the share answers.
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

#: Seconds without an answer after which the process is killed.
ANSWER_TIMEOUT = 15.0

#: The kernel's errors for a share whose server is gone. With other errors, such as read-only, full
#: or forbidden, the server has answered.
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


class ShareState(enum.Enum):
    """The state of the share, by the probe's answer."""

    WORKS = "works"
    GONE = "gone"


class PersistentProbe:
    """Checks one folder, with one request at a time."""

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        self._has_started = False
        self._asked_at: float | None = None

    @property
    def pid(self) -> int | None:
        """The process that is busy with a request; None when it is idle or still starting."""
        is_asked = self._asked_at is not None and self._has_started
        return self._process.pid if self._process and is_asked else None

    def ask(self) -> None:
        """Send a request, unless one is pending. The process reads it once it has started."""
        if self._asked_at is not None:
            return
        if self._process is None or self._process.poll() is not None:
            self._replace()
        assert self._process is not None
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write(b"\n")
        self._asked_at = time.monotonic()

    def answer(self) -> ShareState | None:
        """The answer to the pending request, once; None when there is none yet."""
        if self._asked_at is None or self._process is None:
            return None
        found = self._read()
        if found is not None:
            self._asked_at = None
            return found
        if self._process.poll() is not None:
            # It was killed. The next request starts a new process.
            self._asked_at = None
        elif time.monotonic() - self._asked_at > ANSWER_TIMEOUT:
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

    def _read(self) -> ShareState | None:
        lines = self._output().splitlines(keepends=True)
        self._has_started = self._has_started or probe.READY_LINE in lines
        reports = [line for line in lines if line != probe.READY_LINE]
        if not reports:
            return None
        return ShareState.GONE if json.loads(reports[-1]).get("errno") in GONE else ShareState.WORKS

    def _output(self) -> bytes:
        """New output of the process, in whole lines: it writes each answer at once."""
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
