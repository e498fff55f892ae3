"""Learners who send one request after another, and record those that fail."""

from __future__ import annotations

import http.client
import socket
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from bench.performance.learners import HEADERS, Learner

if TYPE_CHECKING:
    from typing_extensions import Self

#: Visitors wait this many seconds for an answer.
PATIENCE = 10

#: Seconds before a failed request is repeated.
PAUSE = 0.25

#: Errors of a connection that the server has closed or lost.
CLOSED = (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError)


@dataclass(frozen=True)
class Failure:
    """A request whose first attempt failed; times are those of time.monotonic.

    :param kind: the status, or the error of the connection.
    :param last: when it failed for the last time.
    :param answered: when it was answered; None if it never was.
    """

    path: str
    kind: str
    first: float
    last: float
    answered: float | None


@dataclass
class Account:
    """The results of all visitors.

    :param answers: for each answered request, when it was sent, the milliseconds that it took, and
        its path.
    :param renewed: requests repeated at once because the kept connection had been closed, as
        every browser does silently.
    """

    answers: list[tuple[float, float, str]] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    renewed: int = 0


class Visitors:
    """Concurrent learners, each with a separate connection; use it as a context manager.

    A failed request counts once, and is repeated on a new connection until it is answered.
    """

    def __init__(self, url: str, learners: Sequence[Learner], connections: int) -> None:
        self.account = Account()
        self._stopped = threading.Event()
        self._threads = [
            threading.Thread(
                target=self._visit, args=(url, learners[number % len(learners)]), daemon=True
            )
            for number in range(connections)
        ]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stopped.set()
        for thread in self._threads:
            thread.join()

    def _visit(self, url: str, learner: Learner) -> None:
        browser = Browser(url, learner, self.account)
        while True:
            for path in learner.mix:
                if self._stopped.is_set():
                    return
                self._ask(browser, path)

    def _ask(self, browser: Browser, path: str) -> None:
        failed: tuple[str, float, float] | None = None
        while True:
            sent = time.monotonic()
            kind = browser.ask(path)
            now = time.monotonic()
            if not kind:
                self.account.answers.append((sent, (now - sent) * 1000, path))
            elif failed is None:
                failed = (kind, now, now)
            else:
                failed = (*failed[:2], now)
            if not failed:
                return
            if not kind or self._stopped.is_set():
                answered = None if kind else now
                self.account.failures.append(Failure(path, *failed, answered))
                return
            time.sleep(PAUSE)


class Browser:
    """One connection, kept open as long as possible."""

    def __init__(self, url: str, learner: Learner, account: Account) -> None:
        self._headers = {**HEADERS, "Cookie": learner.cookie_header}
        self._connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=PATIENCE)
        self._account = account

    def ask(self, path: str) -> str:
        """Send one request; return what went wrong, or an empty string."""
        kept = self._connection.sock is not None
        try:
            try:
                return self._ask(path)
            except CLOSED:
                if not kept:
                    raise
                self._connection.close()
                self._account.renewed += 1
                return self._ask(path)
        except ConnectionRefusedError:
            kind = "refused"
        except socket.timeout:
            kind = "no answer"
        except (OSError, http.client.HTTPException):
            kind = "cut"
        self._connection.close()
        return kind

    def _ask(self, path: str) -> str:
        self._connection.request("GET", path, headers=self._headers)
        answer = self._connection.getresponse()
        answer.read()
        return "" if answer.status == 200 else str(answer.status)
