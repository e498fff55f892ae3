"""The load as a process of its own, so that its processor time can be told from the server's."""

from __future__ import annotations

import contextlib
import json
import select
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.capacity.facility import Account, Ground

if TYPE_CHECKING:
    from typing_extensions import Self

REPOSITORY = Path(__file__).parents[2]

#: The load ends its phases by itself, and its last requests after this many seconds.
END_SECONDS = 60

#: An answer about a phase comes so long after it, or never.
ANSWER_SECONDS = 120

LINES_SHOWN = 20


class LoadError(Exception):
    """The load ended by itself, or does not answer."""


@dataclass(frozen=True)
class Phase:
    """The results of a phase.

    :param requests: answers and failures, without the pieces of videos.
    :param p95: milliseconds, like `p50`, of all requests but the pieces of videos.
    :param is_busy: whether the load itself needed nearly all of a processor, and was too slow.
    :param failures: how often each error occurred, pieces of videos included.
    :param p95_of: milliseconds by request.
    """

    seconds: float
    learners: int
    requests: int
    p50: float
    p95: float
    sign_ins: int
    is_busy: bool
    pieces: int
    failures: dict[str, int]
    p95_of: dict[str, float]

    @property
    def errors(self) -> int:
        return sum(self.failures.values())


class LoadProcess:
    """Runs bench.capacity.load; use it as a context manager."""

    def __init__(
        self, url: str, ground: Ground, log_file: Path, *, pace: float = 1.0, web_port: int = 0
    ) -> None:
        self._log_file = log_file
        with log_file.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "bench.capacity.load"],
                cwd=REPOSITORY,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                # Ctrl+C is for the parent, which tells the load to end.
                start_new_session=True,
            )
        school = {
            "facility": ground.facility,
            "password": ground.password,
            "exercise": ground.exercise,
            "video": ground.video,
            "video_bytes": ground.video_bytes,
            "pace": pace,
        }
        self._send({"url": url, "web_port": web_port, "school": school})

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        with contextlib.suppress(OSError):
            self._input.close()
        try:
            self._process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    @property
    def pid(self) -> int:
        return self._process.pid

    def storm(self, accounts: list[Account], seconds: float) -> Phase:
        """Let all sign in, evenly over `seconds`, and begin the lesson."""
        children = [account.as_child() for account in accounts]
        order = {"do": "storm", "children": children, "seconds": seconds}
        return Phase(**self._ask(order, seconds))

    def lesson(self, seconds: float) -> Phase:
        """Let the lesson go on."""
        return Phase(**self._ask({"do": "lesson", "seconds": seconds}, seconds))

    def rest(self) -> None:
        """Let all children leave."""
        self._ask({"do": "rest"})

    def report(self, file: Path) -> None:
        """Write a page with the charts of the run so far."""
        self._ask({"do": "report", "file": str(file)})

    @property
    def _input(self) -> Any:
        assert self._process.stdin is not None
        return self._process.stdin

    def _ask(self, order: dict[str, Any], seconds: float = 0) -> dict[str, Any]:
        """Give an order that takes so long, and return its answer, which is a single line."""
        self._send(order)
        assert self._process.stdout is not None
        limit = seconds + ANSWER_SECONDS
        if not select.select([self._process.stdout], [], [], limit)[0]:
            raise LoadError(f"the load has not answered to {order['do']!r} within {limit:g} s")
        line = self._process.stdout.readline()
        if not line:
            raise LoadError(f"the load ended; it said:\n{self._last_output()}")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def _send(self, order: dict[str, Any]) -> None:
        try:
            self._input.write(f"{json.dumps(order)}\n")
            self._input.flush()
        except BrokenPipeError:
            raise LoadError(f"the load ended; it said:\n{self._last_output()}") from None

    def _last_output(self) -> str:
        lines = self._log_file.read_text(errors="replace").splitlines()
        return "\n".join(lines[-LINES_SHOWN:])
