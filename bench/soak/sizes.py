"""How large everything is: each process, each table, and the task list."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable

#: What schools want kept: it grows with what people do, and nothing may remove it. The rest is
#: Kolibri's and the plugin's own, and may not grow with work that is finished.
KEPT_FOR_PEOPLE = (
    "logger_",
    "kolibriauth_",
    "content_",
    "lessons_",
    "exams_",
    "courses_",
    "bookmarks_",
    "attendance_",
    "notifications_learnerprogressnotification",
    "morango_store",
    "morango_recordmaxcounter",
    "morango_databasemaxcounter",
    "morango_certificate",
    "morango_deletedmodels",
    "morango_harddeletedmodels",
    "device_learnerdevicestatus",
)

#: Among these, by Kolibri's naming; it is no account.
NOT_FOR_PEOPLE = ("morango_recordmaxcounterbuffer", "kolibriauth_session")

#: Kolibri keeps the last five minutes of it: the next coach who looks removes the rest.
WITHIN_BOUNDS = ("notifications_notificationslog",)

TABLES = (
    "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
)

MEGABYTE = 1024 * 1024


@dataclass(frozen=True)
class Memory:
    """Of one process, in bytes; what it shares with others counts in part in `proportional`."""

    resident: int
    proportional: int


@dataclass(frozen=True)
class Table:
    rows: int
    size: int


def of_process(pid: int) -> Memory:
    text = Path(f"/proc/{pid}/smaps_rollup").read_text()

    def kilobytes(name: str) -> int:
        found = re.search(rf"^{name}:\s+(\d+) kB", text, re.MULTILINE)
        return int(found[1]) * 1024 if found else 0

    return Memory(kilobytes("Rss"), kilobytes("Pss"))


def of_tables(rows: Callable[[str], list[Any]]) -> dict[str, Table]:
    """Counted row by row, because PostgreSQL's own figures are guesses.

    :param rows: answers a statement.
    """
    found = {}
    for (name,) in sorted(rows(TABLES)):
        size = f"pg_total_relation_size('\"{name}\"')"
        [[count, size_of_all]] = rows(f'SELECT count(*), {size} FROM "{name}"')
        found[name] = Table(int(count), int(size_of_all))
    return found


def may_grow(table: str) -> bool:
    """True for what is kept for people, and what grows with visitors of this moment alone."""
    return is_for_people(table) or table in WITHIN_BOUNDS


def is_for_people(table: str) -> bool:
    return table.startswith(KEPT_FOR_PEOPLE) and table not in NOT_FOR_PEOPLE
