"""Are the channels that a setting names in the library?"""

from __future__ import annotations

import collections

from kolibri_azure_plugin.content.first_content import problems
from kolibri_azure_plugin.content.first_content.records import IMPORTING, LEFT_OUT, THERE
from kolibri_azure_plugin.content.first_content.standing import GONE, WAITING, Standing, standings
from kolibri_azure_plugin.content.first_content.wanted import read_wanted
from kolibri_azure_plugin.database.state import State
from kolibri_azure_plugin.doctor.check_context import CheckContext
from kolibri_azure_plugin.doctor.outcome import Measurement, Outcome, passed, skipped, warned
from kolibri_azure_plugin.doctor.registry import Registry, Scope
from kolibri_azure_plugin.errors.wording import counted

CHECKS = Registry("kolibri")

#: What the report says of channels in a state other than "there".
STATES = {
    IMPORTING: "being imported",
    WAITING: "waiting for the background workers",
    LEFT_OUT: "left out, because its import was cancelled",
    GONE: "deleted since",
}


@CHECKS.check(
    "channels",
    "The channels that the settings name are in the library.",
    scope=Scope.DEPLOYMENT,
    requires=("database.sign_in", "database.migrations"),
    after=("kolibri.settings",),
    advisory=True,
)
def channels(ctx: CheckContext) -> Outcome:
    wanted, unreadable = read_wanted(ctx.context.settings.channels)
    if not wanted and not unreadable:
        return skipped("KOLIBRI_AZURE_CHANNELS is empty")
    found = standings(wanted, State(ctx.session))
    errors = [problems.unreadable(word) for word in unreadable]
    errors += [each.problem for each in found if each.problem is not None]
    measured = _measured(found, len(errors))
    if errors:
        return warned(
            errors[0].failed if len(errors) == 1 else f"{len(errors)} channels are not there.",
            cause="\n".join(error.found if len(errors) == 1 else error.summary for error in errors),
            remedy="\n".join(dict.fromkeys(error.remedy for error in errors)),
            **measured,
        )
    return passed(_sentence(found), **measured)


def _measured(found: list[Standing], failing: int) -> dict[str, Measurement]:
    there = [each.name for each in found if each.state == THERE]
    importing = [
        f"{each.name} ({each.progress:.0%})"
        for each in found
        if each.state == IMPORTING and each.problem is None
    ]
    return {"there": there, "importing": importing, "failing": failing}


def _sentence(found: list[Standing]) -> str:
    numbers = collections.Counter(each.state for each in found)
    parts = [f"{counted(numbers[THERE], 'channel is', 'channels are')} in the library"]
    parts += [f"{numbers[state]} {text}" for state, text in STATES.items() if numbers[state]]
    return f"{', '.join(parts)}."
