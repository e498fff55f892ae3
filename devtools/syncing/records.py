"""A facility's records on PostgreSQL or SQLite, to compare both ends of a sync."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any, Callable

TABLES = {
    "users": "kolibriauth_facilityuser",
    "classes and facility": "kolibriauth_collection",
    "memberships": "kolibriauth_membership",
    "visits": "logger_contentsessionlog",
    "summaries": "logger_contentsummarylog",
    "masteries": "logger_masterylog",
    "attempts": "logger_attemptlog",
}

#: Of these, a learner's own tablet has only the learner's.
LOGS = ("visits", "summaries", "masteries", "attempts")


class Records:
    """Counts the records and computes their digests.

    :param rows: runs an SQL query.
    """

    def __init__(self, rows: Callable[..., list[Any]], place: str = "?") -> None:
        self._rows = rows
        self._place = place

    def facilities(self) -> dict[str, str]:
        """The ids of all facilities, by name."""
        found = self._rows("SELECT name, id FROM kolibriauth_collection WHERE kind = 'facility'")
        return {str(name): _hex(identifier) for name, identifier in found}

    def user(self, username: str) -> str:
        """The id of a user."""
        statement = f"SELECT id FROM kolibriauth_facilityuser WHERE username = {self._place}"
        [[identifier]] = self._rows(statement, (username,))
        return _hex(identifier)

    def of_facility(self, facility: str) -> dict[str, str]:
        """The number and a digest of the records of each kind."""
        return {kind: self._summary(table, facility) for kind, table in TABLES.items()}

    def of_user(self, facility: str, user: str) -> dict[str, str]:
        """The same for the logs of one user."""
        return {kind: self._summary(TABLES[kind], facility, user) for kind in LOGS}

    def _summary(self, table: str, facility: str, user: str = "") -> str:
        statement = (
            f"SELECT id FROM {table} WHERE dataset_id = "
            f"(SELECT dataset_id FROM kolibriauth_collection WHERE id = {self._place})"
        )
        values: Sequence[str] = (facility,)
        if user:
            statement += f" AND user_id = {self._place}"
            values = (facility, user)
        ids = sorted(_hex(row[0]) for row in self._rows(statement, values))
        return f"{len(ids)} {hashlib.sha256(''.join(ids).encode()).hexdigest()[:8]}"


def _hex(identifier: object) -> str:
    """Remove the dashes, with which PostgreSQL formats UUIDs."""
    return str(identifier).replace("-", "")
