"""The contents of a report, in any format."""

from __future__ import annotations

import collections
import dataclasses
from collections.abc import Sequence

from kolibri_azure_plugin.doctor.outcome import Status
from kolibri_azure_plugin.doctor.runner import Result
from kolibri_azure_plugin.errors.wording import counted

#: Increased when programs that read the JSON have to change.
SCHEMA_VERSION = 1


@dataclasses.dataclass(frozen=True)
class Report:
    """The results of one run, with the versions of Kolibri and the plugin."""

    plugin_version: str
    kolibri_version: str
    results: Sequence[Result]

    @property
    def counts(self) -> dict[str, int]:
        """The number of checks with each status."""
        counted = collections.Counter(result.outcome.status.value for result in self.results)
        return {status.value: counted[status.value] for status in Status}

    @property
    def first_failure(self) -> Result | None:
        """The first failure in the order of the report."""
        failures = (r for r in self.results if r.outcome.status is Status.FAIL)
        return next(failures, None)

    @property
    def advice(self) -> str:
        """Where to begin if a check failed; else empty."""
        first = self.first_failure
        return f"begin with {first.check.id}: {first.outcome.message}" if first else ""

    @property
    def summary(self) -> str:
        """One line for the end of a report."""
        counts = self.counts
        words = f"{counts['pass']} passed, {counted(counts['warn'], 'warning')}, "
        return f"{words}{counts['fail']} failed, {counts['skip']} skipped"
