"""What a check found."""

from __future__ import annotations

import dataclasses
import enum
import typing
from collections.abc import Mapping

from kolibri_azure_plugin.errors import KolibriAzureError

Measurement = typing.Union[str, int, float, bool, None, "list[str]"]


class Status(str, enum.Enum):
    """How a check ended."""

    PASS = "pass"
    WARN = "warn"
    FAIL = "fail"
    SKIP = "skip"


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What a check found.

    :param message: one sentence.
    :param cause: the reason for a problem.
    :param remedy: the command or setting that fixes it.
    :param measurements: numbers and names, with the unit at the end of each key.
    :param blocked_by: the failed check because of which this one was skipped; else empty.
    """

    status: Status
    message: str
    cause: str = ""
    remedy: str = ""
    measurements: Mapping[str, Measurement] = dataclasses.field(default_factory=dict)
    blocked_by: str = ""

    @property
    def is_problem(self) -> bool:
        """True for a failure, and for a check skipped because of one."""
        return self.status is Status.FAIL or bool(self.blocked_by)

    @property
    def does_not_apply(self) -> bool:
        """True if this deployment has nothing to examine."""
        return self.status is Status.SKIP and not self.blocked_by


def passed(message: str, **measurements: Measurement) -> Outcome:
    return Outcome(Status.PASS, message, measurements=measurements)


def skipped(reason: str) -> Outcome:
    """The outcome if there is nothing to examine, with the reason."""
    return Outcome(Status.SKIP, reason)


def blocked(check: str) -> Outcome:
    """The outcome of a check that requires a failed one."""
    return Outcome(Status.SKIP, f"needs {check}", blocked_by=check)


def warned(message: str, *, cause: str, remedy: str, **measurements: Measurement) -> Outcome:
    return Outcome(Status.WARN, message, cause, remedy, measurements)


def failed(message: str, *, cause: str, remedy: str, **measurements: Measurement) -> Outcome:
    return Outcome(Status.FAIL, message, cause, remedy, measurements)


def failed_with(error: KolibriAzureError) -> Outcome:
    """The failure that an error of the plugin describes."""
    return failed(
        error.failed,
        cause=f"{error.found}; expected {error.expected}",
        remedy=error.remedy,
        error=error.code,
    )
