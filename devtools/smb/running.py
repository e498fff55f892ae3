"""A program that runs inside a machine until it is stopped."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING, Any, Protocol

from devtools.deadline import wait_until

if TYPE_CHECKING:
    from typing_extensions import Self


class Ask(Protocol):
    def __call__(self, what: str, **request: Any) -> Any: ...


class Running:
    """A running program; as a context manager, it is killed at the end with its descendants.

    :ivar process: its PID in the machine.
    """

    def __init__(self, process: int, ask: Ask) -> None:
        self.process = process
        self._ask = ask

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.kill()

    @property
    def exit_code(self) -> int | None:
        """The exit code; negative after a signal, None while it runs."""
        code: int | None = self._look()["code"]
        return code

    @property
    def output(self) -> str:
        """Its output so far, stdout and stderr."""
        return str(self._look()["output"])

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the program itself."""
        self._ask("signal", process=self.process, number=int(number), whole=False)

    def kill(self) -> None:
        """Kill the program and its descendants, without waiting for the end."""
        self._ask("signal", process=self.process, number=int(signal.SIGKILL), whole=True)

    def wait(self, seconds: float) -> int:
        """Wait, and return the exit code; raises TimeoutError after `seconds`."""
        wait_until(lambda: self.exit_code is not None, f"{self.output[-2000:]}\nto end", seconds)
        code = self.exit_code
        assert code is not None
        return code

    def _look(self) -> dict[str, Any]:
        answer: dict[str, Any] = self._ask("look", process=self.process)
        return answer
