"""What a check is, and how a function becomes one."""

from __future__ import annotations

import dataclasses
import enum
import typing
from collections.abc import Iterator
from typing import Callable

from kolibri_azure_plugin import DOCUMENTATION
from kolibri_azure_plugin.configuration.settings import APP, ZIP_CONTENT
from kolibri_azure_plugin.doctor.outcome import Outcome

if typing.TYPE_CHECKING:
    from kolibri_azure_plugin.doctor.check_context import CheckContext

#: The page with a section for each check. A check's anchor is its id without dots.
CHECKS_PAGE = f"{DOCUMENTATION}/checks.md"


#: For a check that also applies to the server of interactive content.
EVERY_ROLE = (APP, ZIP_CONTENT)


class Scope(str, enum.Enum):
    """What a check is about.

    INSTANCE: things that may differ between instances, such as network, mounts, memory and
    settings. DEPLOYMENT: things that are the same, seen from any instance.
    """

    INSTANCE = "instance"
    DEPLOYMENT = "deployment"


#: Seconds in which --deep looks for every file. A share answers for some thousand in a second.
DEEP_TIMEOUT = 3600.0


@dataclasses.dataclass(frozen=True)
class Check:
    """One thing that can be wrong.

    :param id: stable; its second part is the category.
    :param description: the statement that is true when it passes.
    :param scope: whether it runs on each instance, or on one.
    :param timeout: seconds that it may take.
    :param deep_timeout: the same with --deep.
    :param requires: ids of checks that must pass first. If one of them does not apply, neither
        does this one.
    :param after: ids of checks that run first and must not fail. They may not apply.
    :param advisory: a failure is only a warning, because Kolibri runs with it.
    :param roles: the values of KOLIBRI_AZURE_ROLE to which it applies.
    """

    id: str
    description: str
    scope: Scope
    function: Callable[[CheckContext], Outcome]
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
    """The checks of a category, in the order of their definitions."""

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
    ) -> Callable[[Callable[[CheckContext], Outcome]], Callable[[CheckContext], Outcome]]:
        """Register a function as check ``azure.CATEGORY.NAME``.

        :param requires: ids without ``azure.``, as in ``after``.
        """

        def register(
            function: Callable[[CheckContext], Outcome],
        ) -> Callable[[CheckContext], Outcome]:
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
