"""What the doctor reports, whatever the format."""

from __future__ import annotations

import collections
import dataclasses
from collections.abc import Sequence

from kolibri_azure_plugin.checks.model import Status
from kolibri_azure_plugin.checks.runner import Result

#: Raised when a reader of the JSON would have to change.
SCHEMA_VERSION = 1


@dataclasses.dataclass(frozen=True)
class Report:
    """The results of one run, with the versions that they are about."""

    plugin_version: str
    kolibri_version: str
    results: Sequence[Result]

    @property
    def counts(self) -> dict[str, int]:
        """How many checks ended how."""
        counted = collections.Counter(result.outcome.status.value for result in self.results)
        return {status.value: counted[status.value] for status in Status}

    @property
    def first_failure(self) -> Result | None:
        """The first failure in the order of the report."""
        failures = (r for r in self.results if r.outcome.status is Status.FAIL)
        return next(failures, None)

    @property
    def advice(self) -> str:
        """Where to begin, for a report with failures; else empty."""
        first = self.first_failure
        return f"begin with {first.check.id}: {first.outcome.message}" if first else ""

    @property
    def summary(self) -> str:
        """One line for the end of a report."""
        counts = self.counts
        words = f"{counts['pass']} passed, {counts['warn']} warnings, "
        return f"{words}{counts['fail']} failed, {counts['skip']} skipped"
