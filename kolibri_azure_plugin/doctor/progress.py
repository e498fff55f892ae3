"""The progress of an examination, on a terminal."""

from __future__ import annotations

import sys

from kolibri_azure_plugin.doctor.runner import Result


class Progress:
    """A line with the progress on a terminal; elsewhere, nothing."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._done = 0
        self._shown = sys.stderr.isatty()

    def tell(self, result: Result) -> None:
        """Count one more result."""
        self._done += 1
        if self._shown:
            sys.stderr.write(f"\r\033[K{self._done}/{self._total} {result.check.id}")
            sys.stderr.flush()

    def clear(self) -> None:
        """Remove the line before the report."""
        if self._shown:
            sys.stderr.write("\r\033[K")
