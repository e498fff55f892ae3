"""What a patch is: one function of Kolibri's, and what is put around it."""

from __future__ import annotations

import dataclasses
import enum
import functools
import importlib
from typing import Any, Callable

from kolibri_azure_plugin.kolibri_patches import source
from kolibri_azure_plugin.settings import APP
from kolibri_azure_plugin.wrapping import original

#: Makes the new function from the old one.
Wrapper = Callable[[Callable[..., Any]], Callable[..., Any]]


class Kind(enum.Enum):
    """What a patch is for; it decides what a start does where Kolibri's function is another."""

    #: Without it data could be lost or exposed: the start ends.
    SAFETY = "safety"
    #: Without it something is wrong: it is left out, and the doctor says what is wrong then.
    CORRECTNESS = "correctness"
    #: Without it something is slow: it is left out, and a log line says so.
    SPEED = "speed"


@dataclasses.dataclass(frozen=True)
class Patch:
    """One function of Kolibri's, and what is put around it.

    :param module: where it is defined, in Kolibri or in what it brings along.
    :param name: its name there, with its class in front if it has one.
    :param kind: what is at stake without the patch.
    :param known: digests of the function that the patch was written for, one for each variant in
        the supported versions of Kolibri; ``python -m devtools.patches digest MODULE NAME``.
    :param wrapper: ``module:function`` of what makes the new function from the old one.
    :param reason: why there is no other way.
    :param answers: the fault that was seen without it, or the figure that it is worth.
    :param without: what is wrong or slow where it is left out, in one sentence for administrators.
    :param postgresql_only: what it mends does not exist on the SQLite of a test deployment.
    :param roles: the processes that need it, by KOLIBRI_AZURE_ROLE.
    :param plugin: whose function it is, if not Kolibri's; with it off there is nothing to change.
    :param needs: targets of the patches without which this one must not be applied either.
    """

    module: str
    name: str
    kind: Kind
    known: tuple[str, ...]
    wrapper: str
    reason: str
    answers: str
    without: str
    postgresql_only: bool = False
    roles: tuple[str, ...] = (APP,)
    plugin: str = ""
    needs: tuple[str, ...] = ()

    @property
    def target(self) -> str:
        """The function with the module in front."""
        return f"{self.module}.{self.name}"

    @property
    def current(self) -> Any:
        """The function that stands there now.

        :raises ImportError, AttributeError: when Kolibri has no such function.
        """
        return getattr(*self.place)

    @property
    def original(self) -> Any:
        """Kolibri's own function."""
        return original(self.current)

    def fits(self) -> bool:
        """True when Kolibri's function is one that the patch was written for."""
        try:
            function = self.original
        except (ImportError, AttributeError):
            return False
        return source.digest_of(function) in self.known

    def fits_in_file(self) -> bool:
        """The same, by what its file holds; nothing is loaded for that."""
        return source.digest_in_file(self.module, self.name) in self.known

    def apply(self) -> None:
        """Put the new function into its place."""
        owner, name = self.place
        setattr(owner, name, self.make_wrapper()(getattr(owner, name)))

    def make_wrapper(self) -> Wrapper:
        """The function that `wrapper` names."""
        module, _, name = self.wrapper.partition(":")
        wrapper: Wrapper = getattr(importlib.import_module(module), name)
        return wrapper

    @property
    def place(self) -> tuple[Any, str]:
        """What holds the function, and its name there."""
        *path, name = self.name.split(".")
        return functools.reduce(getattr, path, importlib.import_module(self.module)), name
