"""Which patches may be applied to the Kolibri that is installed, and what follows from that."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Mapping, Sequence
from typing import Callable

import kolibri

from kolibri_azure_plugin.errors import SettingsError
from kolibri_azure_plugin.kolibri_patches import PATCHES
from kolibri_azure_plugin.kolibri_patches.patch import Kind, Patch

ACCEPT = "KOLIBRI_AZURE_ACCEPT_CHANGED_KOLIBRI"


@dataclasses.dataclass(frozen=True)
class Judgement:
    """What was found.

    :param fitting: the patches that may be applied.
    :param left_out: those that may not, each with the changed functions for which it is left out:
        its own, or those of the patches that it needs.
    """

    fitting: tuple[Patch, ...]
    left_out: Mapping[Patch, Sequence[str]]

    def consequences(self, kind: Kind) -> list[str]:
        """What is wrong without the patches of a kind that are left out, a line for each."""
        found: dict[str, list[str]] = {}
        for patch, changed in self.left_out.items():
            if patch.kind is kind:
                found.setdefault(patch.without, []).extend(changed)
        return [
            f"{_another(changed)}, which this plugin leaves alone then: {without}"
            for without, changed in found.items()
        ]


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
    causes = {patch.target: set() if fits(patch) else {patch.target} for patch in patches}
    # What is needed may need others in turn.
    for _ in patches:
        for patch in patches:
            causes[patch.target].update(*(causes.get(target, ()) for target in patch.needs))
    return Judgement(
        tuple(patch for patch in patches if not causes[patch.target]),
        {patch: sorted(causes[patch.target]) for patch in patches if causes[patch.target]},
    )


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
        found="\n".join(consequences),
        remedy="Install the version of Kolibri that the plugin's release names, or a newer plugin. "
        "To start without what is named above, with this version of Kolibri only:\n"
        f"az webapp config appsettings set -g GROUP -n APP --settings "
        f"{ACCEPT}={kolibri.__version__}",
        code="kolibri-changed",
    )


def _another(names: Collection[str]) -> str:
    return f"Kolibri {kolibri.__version__} has another {', '.join(sorted(set(names)))}"
