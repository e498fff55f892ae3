"""The sizes of processes, tables and the task list."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable

#: The users' data: it grows with use, and nothing may remove it. All other tables belong to Kolibri
#: and the plugin, and must not grow with finished work.
USER_DATA_PREFIXES = (
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

#: These tables have such a prefix but contain no user data.
NOT_USER_DATA = ("morango_recordmaxcounterbuffer", "kolibriauth_session")

#: Kolibri keeps the last five minutes, and deletes the rest at the next visit of a coach.
BOUNDED_TABLES = ("notifications_notificationslog",)

TABLES = (
    "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
)

MEGABYTE = 1024 * 1024


@dataclass(frozen=True)
class Memory:
    """The memory of a process in bytes; `proportional` divides shared memory among its users."""

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
    """Count the rows of each table, because PostgreSQL's own figures are estimates.

    :param rows: runs a query.
    """
    found = {}
    for (name,) in sorted(rows(TABLES)):
        size = f"pg_total_relation_size('\"{name}\"')"
        [[count, size_of_all]] = rows(f'SELECT count(*), {size} FROM "{name}"')
        found[name] = Table(int(count), int(size_of_all))
    return found


def may_grow(table: str) -> bool:
    """True for tables with user data, and for tables bounded by the current visitors."""
    return is_user_data(table) or table in BOUNDED_TABLES


def is_user_data(table: str) -> bool:
    return table.startswith(USER_DATA_PREFIXES) and table not in NOT_USER_DATA
