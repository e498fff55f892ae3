"""A patch: one function of Kolibri, and the wrapper for it."""

from __future__ import annotations

import dataclasses
import enum
import functools
import importlib
from typing import Any, Callable

from kolibri_azure_plugin.configuration.settings import APP
from kolibri_azure_plugin.kolibri_patches import source
from kolibri_azure_plugin.wrapping import original

#: Makes the new function from the old one.
Wrapper = Callable[[Callable[..., Any]], Callable[..., Any]]


class Kind(enum.Enum):
    """The purpose of a patch, which decides what happens if Kolibri has changed the function."""

    #: Without it, data could be lost or exposed: Kolibri does not start.
    SAFETY = "safety"
    #: Without it, something is wrong: it is left out, and the doctor reports the consequence.
    CORRECTNESS = "correctness"
    #: Without it, something is slow: it is left out, and a log line says so.
    SPEED = "speed"


@dataclasses.dataclass(frozen=True)
class Patch:
    """One function of Kolibri, and the wrapper for it.

    :param module: the module that defines it, in Kolibri or in a bundled library.
    :param name: its name in the module, prefixed by the class, if any.
    :param kind: what is at stake without the patch.
    :param known: digests of the function that the patch was written for, one for each variant in
        the supported versions of Kolibri; ``python -m devtools.patches digest MODULE NAME``.
    :param wrapper: ``module:function`` that makes the new function from the old one.
    :param reason: why there is no other way.
    :param evidence: the fault observed without it, or the measured gain.
    :param without: the consequence of leaving it out, in one sentence for administrators.
    :param postgresql_only: it is not needed on the SQLite of a test deployment.
    :param roles: the processes that need it, by KOLIBRI_AZURE_ROLE.
    :param plugin: the plugin that defines the function, if not Kolibri. Not applied if it is off.
    :param needs: targets of other patches, without which this one must not be applied.
    :param redoes: further functions of Kolibri whose work the wrapper does itself: the module, the
        name, and the digest of each. If one has changed, this patch does not fit either.
    """

    module: str
    name: str
    kind: Kind
    known: tuple[str, ...]
    wrapper: str
    reason: str
    evidence: str
    without: str
    postgresql_only: bool = False
    roles: tuple[str, ...] = (APP,)
    plugin: str = ""
    needs: tuple[str, ...] = ()
    redoes: tuple[tuple[str, str, str], ...] = ()

    @property
    def target(self) -> str:
        """The function's full name, with the module."""
        return f"{self.module}.{self.name}"

    @property
    def current(self) -> Any:
        """The function that is in place now.

        :raises ImportError, AttributeError: when Kolibri has no such function.
        """
        return getattr(*self.place)

    @property
    def original(self) -> Any:
        """Kolibri's own function."""
        return original(self.current)

    def fits(self) -> bool:
        """True if the patch was written for this version of Kolibri's function."""
        try:
            return source.digest_of(self.original) in self.known and all(
                source.digest_of(original(getattr(*_place(module, name)))) == digest
                for module, name, digest in self.redoes
            )
        except (ImportError, AttributeError):
            return False

    def fits_in_file(self) -> bool:
        """The same, judging by the function's file, without importing anything."""
        return source.digest_in_file(self.module, self.name) in self.known and all(
            source.digest_in_file(module, name) == digest for module, name, digest in self.redoes
        )

    def apply(self) -> None:
        """Replace the function by the wrapped one."""
        owner, name = self.place
        setattr(owner, name, self.make_wrapper()(getattr(owner, name)))

    def make_wrapper(self) -> Wrapper:
        """Import the function that `wrapper` names."""
        module, _, name = self.wrapper.partition(":")
        wrapper: Wrapper = getattr(importlib.import_module(module), name)
        return wrapper

    @property
    def place(self) -> tuple[Any, str]:
        """The module or class that contains the function, and its name there."""
        return _place(self.module, self.name)


def _place(module: str, name: str) -> tuple[Any, str]:
    *path, last = name.split(".")
    return functools.reduce(getattr, path, importlib.import_module(module)), last
