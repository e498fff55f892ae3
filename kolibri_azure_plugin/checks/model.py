"""What a check is, and what comes out of one."""

from __future__ import annotations

import dataclasses
import enum
import typing
from collections.abc import Iterator, Mapping
from typing import Callable

from kolibri_azure_plugin import DOCUMENTATION
from kolibri_azure_plugin.errors import KolibriAzureError
from kolibri_azure_plugin.settings import APP, ZIP_CONTENT

if typing.TYPE_CHECKING:
    from kolibri_azure_plugin.checks.subject import Subject

Measurement = typing.Union[str, int, float, bool, None, "list[str]"]

#: Where the sections of the checks are; a check's anchor is its id without dots.
CHECKS_PAGE = f"{DOCUMENTATION}/checks.md"


#: For a check that also applies to the server of interactive content.
EVERY_ROLE = (APP, ZIP_CONTENT)


class Status(str, enum.Enum):
    """How a check ended."""

    PASS = "pass"
    WARN = "warn"
    FAIL = "fail"
    SKIP = "skip"


class Scope(str, enum.Enum):
    """What a check is about.

    INSTANCE: what can be so on one instance and otherwise on another: its network, its mounts, its
    memory, the settings that its process has. DEPLOYMENT: what is the same wherever one looks from.
    """

    INSTANCE = "instance"
    DEPLOYMENT = "deployment"


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What a check found.

    :param message: one sentence.
    :param cause: why it is so, when it is not as it should be.
    :param remedy: the command or setting that mends it.
    :param measurements: numbers and names, with the unit at the end of each key.
    :param blocked_by: the failed check for which it was skipped; empty when it was not.
    """

    status: Status
    message: str
    cause: str = ""
    remedy: str = ""
    measurements: Mapping[str, Measurement] = dataclasses.field(default_factory=dict)
    blocked_by: str = ""

    @property
    def is_problem(self) -> bool:
        """True for a failure, and for what was skipped because of one."""
        return self.status is Status.FAIL or bool(self.blocked_by)

    @property
    def does_not_apply(self) -> bool:
        """True when there is nothing to examine on this deployment."""
        return self.status is Status.SKIP and not self.blocked_by


#: Seconds in which every file is looked at: a share answers for some thousand of them in a second.
DEEP_TIMEOUT = 3600.0


@dataclasses.dataclass(frozen=True)
class Check:
    """One thing that can be wrong.

    :param id: stable; its second part is the category.
    :param description: what is right when it passes.
    :param scope: whether one instance has to be asked, or each.
    :param timeout: seconds that it may take.
    :param deep_timeout: the same where it looks at everything.
    :param requires: ids of checks that must have passed; where one does not apply, neither does
        this one.
    :param after: ids of checks that must not have failed; they need not apply.
    :param advisory: a failure is only a warning, because Kolibri runs with it.
    :param roles: the values of KOLIBRI_AZURE_ROLE to which it applies.
    """

    id: str
    description: str
    scope: Scope
    function: Callable[[Subject], Outcome]
    timeout: float
    requires: tuple[str, ...]
    after: tuple[str, ...]
    advisory: bool
    roles: tuple[str, ...] = (APP,)
    deep_timeout: float = 0.0

    def limit(self, *, deep: bool) -> float:
        """Seconds that it may take."""
        return self.deep_timeout or self.timeout if deep else self.timeout

    @property
    def category(self) -> str:
        return self.id.split(".")[1]

    @property
    def severity(self) -> str:
        return "warning" if self.advisory else "error"

    @property
    def documentation(self) -> str:
        """The address of the check's section in docs/checks.md."""
        return f"{CHECKS_PAGE}#{self.id.replace('.', '')}"


class Registry:
    """The checks of a category, in the order in which they are defined."""

    def __init__(self, category: str) -> None:
        self.category = category
        self._checks: list[Check] = []

    def __iter__(self) -> Iterator[Check]:
        return iter(self._checks)

    def check(
        self,
        name: str,
        description: str,
        *,
        scope: Scope,
        requires: tuple[str, ...] = (),
        after: tuple[str, ...] = (),
        timeout: float = 5.0,
        deep_timeout: float = 0.0,
        advisory: bool = False,
        roles: tuple[str, ...] = (APP,),
    ) -> Callable[[Callable[[Subject], Outcome]], Callable[[Subject], Outcome]]:
        """Register a function as check ``azure.CATEGORY.NAME``.

        :param requires: ids without ``azure.``, as are those of ``after``.
        """

        def register(function: Callable[[Subject], Outcome]) -> Callable[[Subject], Outcome]:
            self._checks.append(
                Check(
                    f"azure.{self.category}.{name}",
                    description,
                    scope,
                    function,
                    timeout,
                    tuple(f"azure.{required}" for required in requires),
                    tuple(f"azure.{earlier}" for earlier in after),
                    advisory,
                    roles,
                    deep_timeout,
                )
            )
            return function

        return register


def passed(message: str, **measurements: Measurement) -> Outcome:
    return Outcome(Status.PASS, message, measurements=measurements)


def skipped(reason: str) -> Outcome:
    """There is nothing to examine, for this reason."""
    return Outcome(Status.SKIP, reason)


def blocked(check: str) -> Outcome:
    """It can't be examined while another check fails."""
    return Outcome(Status.SKIP, f"needs {check}", blocked_by=check)


def warned(message: str, *, cause: str, remedy: str, **measurements: Measurement) -> Outcome:
    return Outcome(Status.WARN, message, cause, remedy, measurements)


def failed(message: str, *, cause: str, remedy: str, **measurements: Measurement) -> Outcome:
    return Outcome(Status.FAIL, message, cause, remedy, measurements)


def failed_with(error: KolibriAzureError) -> Outcome:
    """The failure that one of the plugin's own errors describes."""
    return failed(
        error.failed,
        cause=f"{error.found}; expected {error.expected}",
        remedy=error.remedy,
        error=error.code,
    )
