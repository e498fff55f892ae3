"""Logs the lines that Kolibri prints."""

from __future__ import annotations

import contextlib
import io
import logging
from typing import Any, Callable

from kolibri_azure_plugin.wrapping import wraps

logger = logging.getLogger(__name__)


class PrintedLines(io.TextIOBase):
    """A stream whose lines are logged."""

    def __init__(self) -> None:
        super().__init__()
        self._begun = ""

    def write(self, text: str) -> int:
        *lines, self._begun = (self._begun + text).split("\n")
        for line in lines:
            self._log(line)
        return len(text)

    def end(self) -> None:
        """Log the last line, if no line break followed it."""
        self._log(self._begun)
        self._begun = ""

    def _log(self, line: str) -> None:
        if line.strip():
            logger.info("%s", line.strip())


def log_printed_output(old: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap a function that prints. Log handlers keep their stream."""

    @wraps(old)
    def new(*arguments: Any, **keywords: Any) -> Any:
        printed = PrintedLines()
        try:
            with contextlib.redirect_stdout(printed):
                return old(*arguments, **keywords)
        finally:
            printed.end()

    return new
