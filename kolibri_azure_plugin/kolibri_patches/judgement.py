"""Which patches may be applied to the Kolibri that is installed, and what follows from that."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterable, Sequence
from typing import Callable

import kolibri

from kolibri_azure_plugin.errors import SettingsError
from kolibri_azure_plugin.kolibri_patches import PATCHES
from kolibri_azure_plugin.kolibri_patches.patch import Kind, Patch

ACCEPT = "KOLIBRI_AZURE_ACCEPT_CHANGED_KOLIBRI"


@dataclasses.dataclass(frozen=True)
class Judgement:
    """What was found.

    :param fitting: may be applied.
    :param left_out: may not: their function is another, or that of a patch which they need.
    :param changed: those of `left_out` whose own function is another, or gone.
    """

    fitting: tuple[Patch, ...]
    left_out: tuple[Patch, ...]
    changed: tuple[Patch, ...]

    def consequences(self, kind: Kind) -> dict[str, list[str]]:
        """What is wrong without the patches that are left out, each with their functions."""
        found: dict[str, list[str]] = {}
        for patch in self.left_out:
            if patch.kind is kind:
                found.setdefault(patch.without, []).append(self._described(patch))
        return found

    def _described(self, patch: Patch) -> str:
        if patch in self.changed:
            return patch.target
        others = {other.target for other in self.changed}
        needed = next((name for name in patch.needs if name in others), patch.needs[0])
        return f"{patch.target} (which needs {needed})"


def wanted(role: str, *, on_postgresql: bool, plugins: Collection[str]) -> list[Patch]:
    """The patches for a process.

    :param role: what KOLIBRI_AZURE_ROLE says.
    :param plugins: Kolibri's plugins that are switched on.
    """
    return [
        patch
        for patch in PATCHES
        if role in patch.roles
        and (on_postgresql or not patch.postgresql_only)
        and (not patch.plugin or patch.plugin in plugins)
    ]


def judge(patches: Sequence[Patch], fits: Callable[[Patch], bool]) -> Judgement:
    """Part what may be applied from what may not."""
    changed = [patch for patch in patches if not fits(patch)]
    lost = {patch.target for patch in changed}
    while True:
        needing = {patch.target for patch in patches if lost.intersection(patch.needs)} - lost
        if not needing:
            break
        lost |= needing
    left_out = [patch for patch in patches if patch in changed or lost.intersection(patch.needs)]
    fitting = [patch for patch in patches if patch not in left_out]
    return Judgement(tuple(fitting), tuple(left_out), tuple(changed))


def require_safety(judgement: Judgement, accepted: str) -> None:
    """End it where a patch is left out without which data could be lost or exposed.

    :param accepted: the version of Kolibri for which somebody has accepted that.
    :raises SettingsError: naming each such patch, and what is wrong without it.
    """
    consequences = judgement.consequences(Kind.SAFETY)
    if not consequences or accepted == kolibri.__version__:
        return
    raise SettingsError(
        "Kolibri has changed what this plugin changes to keep data safe.",
        expected="the functions of Kolibri that this version of the plugin was written for",
        found="\n".join([f"Kolibri {kolibri.__version__}, with another", *lines(consequences)]),
        remedy="Install the version of Kolibri that the plugin's release names, or a newer plugin. "
        "To start without what is named above, with this version of Kolibri only:\n"
        f"az webapp config appsettings set -g GROUP -n APP --settings "
        f"{ACCEPT}={kolibri.__version__}",
        code="kolibri-changed",
    )


def lines(consequences: dict[str, list[str]]) -> Iterable[str]:
    """A line for each consequence, after the functions from which it follows."""
    return (f"{', '.join(targets)}: {without}" for without, targets in consequences.items())
