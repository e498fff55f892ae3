"""What a home contains: its facilities, what is in them, and its superusers."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from kolibri_azure_plugin.errors import MovingInError
from kolibri_azure_plugin.errors.wording import counted
from kolibri_azure_plugin.provisioning.moving_in.home_copy import HomeCopy

#: What people ask for, and the rows that it is. Column `dataset_id` names the facility of a row.
KINDS = {
    "users": "kolibriauth_facilityuser",
    "classes": "kolibriauth_collection WHERE kind = 'classroom' AND true",
    "lessons": "lessons_lesson",
    "quizzes": "exams_exam",
    "sessions": "logger_contentsessionlog",
    "attempts": "logger_attemptlog",
}

FACILITIES = """
    SELECT name, id, dataset_id FROM kolibriauth_collection WHERE kind = 'facility' ORDER BY name
"""

SUPERUSERS = """
    SELECT username, id, can_manage_content FROM device_devicepermissions
    JOIN kolibriauth_facilityuser ON id = user_id WHERE is_superuser AND dataset_id = ?
    ORDER BY username
"""


@dataclasses.dataclass(frozen=True)
class Superuser:
    """A user with rights on the whole device."""

    username: str
    id: str
    can_manage_content: bool


@dataclasses.dataclass(frozen=True)
class FacilityInCopy:
    """A facility of the home."""

    name: str
    id: str
    dataset: str
    counts: dict[str, int]
    superusers: tuple[Superuser, ...]

    def __str__(self) -> str:
        return f"{self.name} ({self.id})"

    def described(self) -> str:
        """What is in it: ``3 users, 1 class, …``."""
        return describe(self.counts)


def describe(counts: dict[str, int]) -> str:
    """Counts by kind as text."""
    singular = {"classes": "class", "quizzes": "quiz"}
    return ", ".join(
        counted(number, singular.get(kind, kind[:-1]), kind) for kind, number in counts.items()
    )


def rows_of(kind: str, place: str) -> str:
    """The end of a query for a kind's rows in one facility.

    :param place: the database's place-holder for a value.
    """
    table, where, condition = KINDS[kind].partition(" WHERE ")
    return f"FROM {table}{where or ' WHERE '}{condition or 'true'} AND dataset_id = {place}"


def facilities_in(copy: HomeCopy) -> list[FacilityInCopy]:
    """All facilities of a copy that has been upgraded."""
    with copy.open() as database:
        return [
            FacilityInCopy(
                name,
                identifier,
                dataset,
                {
                    kind: database.execute(
                        f"SELECT count(*) {rows_of(kind, '?')}",
                        (dataset,),
                    ).fetchone()[0]
                    for kind in KINDS
                },
                tuple(
                    Superuser(username, user, bool(content))
                    for username, user, content in database.execute(SUPERUSERS, (dataset,))
                ),
            )
            for name, identifier, dataset in database.execute(FACILITIES).fetchall()
        ]


def chosen(found: list[FacilityInCopy], wanted: Sequence[str], path: str) -> list[FacilityInCopy]:
    """The facilities with these names or ids; all of them if none is named.

    :raises MovingInError: when the home has none, or not one of those that are named.
    """
    unknown = [each for each in wanted if not any(_is_called(facility, each) for facility in found)]
    if unknown or not found:
        there = "\n".join(str(facility) for facility in found) or "no facility at all"
        raise MovingInError(
            f"{path} has no facility {', '.join(unknown)}.".replace(" .", "."),
            expected="the name or the id of a facility that the home has",
            found=there,
            remedy="Repeat --facility for each facility that should come, or leave it out for all "
            "of them.",
            code="moving-in-facility",
        )
    if not wanted:
        return found
    return [facility for facility in found if any(_is_called(facility, each) for each in wanted)]


def _is_called(facility: FacilityInCopy, text: str) -> bool:
    return text.replace("-", "").lower() == facility.id or text == facility.name
