"""Can anyone sign up in Kolibri, or sign in without a password?"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

from kolibri_azure_plugin.configuration.settings import Settings
from kolibri_azure_plugin.doctor.check_context import CheckContext
from kolibri_azure_plugin.doctor.checks.tables import has_table
from kolibri_azure_plugin.doctor.outcome import Outcome, passed, skipped, warned
from kolibri_azure_plugin.doctor.registry import Registry, Scope
from kolibri_azure_plugin.errors.remedies import set_app_settings

CHECKS = Registry("kolibri")


@dataclasses.dataclass(frozen=True)
class OpenDoor:
    """A way in that the settings do not allow.

    :param found: who can get in, and where.
    :param remedy: how to close it, or how to allow it.
    """

    found: str
    remedy: str


@CHECKS.check(
    "accounts",
    "Only staff create accounts, and everyone needs a password, unless settings allow otherwise.",
    scope=Scope.DEPLOYMENT,
    requires=("database.migrations",),
    advisory=True,
)
def accounts(ctx: CheckContext) -> Outcome:
    from django.db import connection
    from kolibri.core.auth.models import Facility

    if not has_table(Facility):
        return skipped("there is no facility yet")
    facilities = list(Facility.objects.select_related("dataset").order_by("name"))
    doors = [door for each in facilities for door in _open_doors(each, ctx.context.settings)]
    connection.close()
    if not facilities:
        return skipped("there is no facility yet")
    if not doors:
        return passed("Every facility follows the settings.", facilities=len(facilities))
    return warned(
        "Kolibri lets in more people than the settings allow.",
        cause="\n".join(door.found for door in doors),
        remedy="\n".join(dict.fromkeys(door.remedy for door in doors)),
        facilities=len(facilities),
    )


def _open_doors(facility: Any, settings: Settings) -> Iterator[OpenDoor]:
    dataset = facility.dataset
    # A facility with picture passwords asks its learners for no other password.
    pictures = getattr(dataset, "picture_password_settings", None) is not None
    no_password = dataset.learner_can_login_with_no_password or pictures
    if dataset.learner_can_sign_up and not settings.learner_can_sign_up:
        yield OpenDoor(
            f"anyone can sign up in {facility.name}",
            'In Kolibri, at Facility, Settings, untick "Allow learners to create accounts"; '
            "or, if this is intended:\n"
            + set_app_settings("KOLIBRI_AZURE_LEARNER_CAN_SIGN_UP=true"),
        )
    if no_password and not settings.learner_can_login_by_name:
        yield OpenDoor(
            f"learners of {facility.name} can sign in without a password",
            'In Kolibri, at Facility, Settings, tick "Require password for learners"; '
            "or, if this is intended:\n"
            + set_app_settings("KOLIBRI_AZURE_LEARNER_CAN_LOGIN_BY_NAME=true"),
        )
    unclaimed = 0 if no_password else _without_password(facility)
    if unclaimed:
        yield OpenDoor(
            f"accounts in {facility.name} without a password: {unclaimed}; the first person who "
            "types such a user name chooses its password",
            "In Kolibri, at Facility, Users, reset the password of each of these accounts.",
        )


def _without_password(facility: Any) -> int:
    """Counts the accounts made while learners needed no password, and still without one."""
    from kolibri.core.auth.constants.demographics import NOT_SPECIFIED
    from kolibri.core.auth.models import FacilityUser

    users = FacilityUser.objects.filter(dataset_id=facility.dataset_id, os_user__isnull=True)
    return int(users.filter(password=NOT_SPECIFIED).count())
