"""Who may sign up in Kolibri, and who gets in without a password?"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

from kolibri_azure_plugin.checks.kolibri import SET
from kolibri_azure_plugin.checks.model import Outcome, Registry, Scope, passed, skipped, warned
from kolibri_azure_plugin.checks.subject import Subject
from kolibri_azure_plugin.checks.tables import has_table
from kolibri_azure_plugin.settings import Settings

CHECKS = Registry("kolibri")


@dataclasses.dataclass(frozen=True)
class OpenDoor:
    """A way in that no setting speaks of.

    :param found: who gets in where.
    :param remedy: how it is closed, or said to be meant.
    """

    found: str
    remedy: str


@CHECKS.check(
    "accounts",
    "Only staff make accounts, and everybody needs a password, unless settings say otherwise.",
    scope=Scope.DEPLOYMENT,
    requires=("database.migrations",),
    advisory=True,
)
def accounts(subject: Subject) -> Outcome:
    from django.db import connection
    from kolibri.core.auth.models import Facility

    if not has_table(Facility):
        return skipped("there is no facility yet")
    facilities = list(Facility.objects.select_related("dataset").order_by("name"))
    doors = [door for each in facilities for door in _open_doors(each, subject.context.settings)]
    connection.close()
    if not facilities:
        return skipped("there is no facility yet")
    if not doors:
        return passed("What the settings say holds in every facility.", facilities=len(facilities))
    return warned(
        "Kolibri lets in more than the settings say.",
        cause="\n".join(door.found for door in doors),
        remedy="\n".join(dict.fromkeys(door.remedy for door in doors)),
        facilities=len(facilities),
    )


def _open_doors(facility: Any, settings: Settings) -> Iterator[OpenDoor]:
    dataset = facility.dataset
    # A facility with picture passwords asks its learners for no other.
    pictures = getattr(dataset, "picture_password_settings", None) is not None
    no_password = dataset.learner_can_login_with_no_password or pictures
    if dataset.learner_can_sign_up and not settings.learner_can_sign_up:
        yield OpenDoor(
            f"anybody may sign up in {facility.name}",
            'In Kolibri, at Facility, Settings, untick "Allow learners to create accounts"; '
            f"or, if it is meant:\n{SET} KOLIBRI_AZURE_LEARNER_CAN_SIGN_UP=true",
        )
    if no_password and not settings.learner_can_login_by_name:
        yield OpenDoor(
            f"learners of {facility.name} sign in without a password",
            'In Kolibri, at Facility, Settings, tick "Require password for learners"; '
            f"or, if it is meant:\n{SET} KOLIBRI_AZURE_LEARNER_CAN_LOGIN_BY_NAME=true",
        )
    unclaimed = 0 if no_password else _without_password(facility)
    if unclaimed:
        yield OpenDoor(
            f"accounts of {facility.name} that have no password yet: {unclaimed}; whoever knows "
            "the user name chooses it",
            "In Kolibri, at Facility, Users, reset the password of each of these accounts.",
        )


def _without_password(facility: Any) -> int:
    """How many were made while learners needed none, and have not chosen one since."""
    from kolibri.core.auth.constants.demographics import NOT_SPECIFIED
    from kolibri.core.auth.models import FacilityUser

    users = FacilityUser.objects.filter(dataset_id=facility.dataset_id, os_user__isnull=True)
    return int(users.filter(password=NOT_SPECIFIED).count())
