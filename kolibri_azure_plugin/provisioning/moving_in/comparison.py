"""Compares a facility in the copy with the same facility here, record by record."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import heapq
import itertools
from collections.abc import Generator, Iterable, Iterator
from typing import Any

from django.db import connection

from kolibri_azure_plugin.errors import MovingInError
from kolibri_azure_plugin.errors.wording import first_of
from kolibri_azure_plugin.provisioning.moving_in.facilities import KINDS, FacilityInCopy, rows_of
from kolibri_azure_plugin.provisioning.moving_in.home_copy import HomeCopy

#: Records of a table that a message names.
NAMED = 5

#: Rows that a cursor keeps in memory.
BATCH = 2000

#: Devices, not schools' data: Kolibri itself leaves out most of these records when it syncs.
LEFT_OUT = ("device_learnerdevicestatus",)

RUN_AGAIN = (
    "Run the same command again. If the same records are missing again, Kolibri could not read "
    "them: report this, with the message above."
)

#: When a first import brought something that the home does not have, or people were faster than it.
IMPORT_AFRESH = (
    "If people have worked in the facility on this site, keep it. Ask them whether they made these "
    "records and changed these passwords; if they did, the facility is complete.\n"
    "If no one has worked in it yet, import it afresh, as the page below says."
)

PASSWORDS = "SELECT id, password FROM kolibriauth_facilityuser WHERE dataset_id = {} ORDER BY id"

#: Records that were deleted here on purpose, and those that could not be read, with the reason.
KNOWN_HERE = """
    SELECT id, deleted OR hard_deleted, deserialization_error FROM morango_store
    WHERE id = ANY(%s::uuid[])
"""


@dataclasses.dataclass
class Differences:
    """What is not the same in one facility."""

    missing: dict[str, list[str]] = dataclasses.field(default_factory=dict)
    added: dict[str, list[str]] = dataclasses.field(default_factory=dict)
    passwords: list[str] = dataclasses.field(default_factory=list)

    @property
    def beyond_home(self) -> bool:
        """True if something is here that is not from the home."""
        return bool(self.added or self.passwords)


def counts_here(dataset: str) -> dict[str, int]:
    """How many records of each kind there are here."""
    with connection.cursor() as cursor:
        counts = {}
        for kind in KINDS:
            cursor.execute(f"SELECT count(*) {rows_of(kind, '%s')}", [dataset])
            counts[kind] = cursor.fetchone()[0]
        return counts


def require_none(found: Differences, copy: HomeCopy, facility: FacilityInCopy) -> None:
    """:raises MovingInError: naming the records that differ."""
    lines = [_line("not here", table, ids) for table, ids in found.missing.items()]
    lines += [_line("only here", table, ids) for table, ids in found.added.items()]
    if found.passwords:
        lines.append(_line("another password", "kolibriauth_facilityuser", found.passwords))
    if lines:
        raise MovingInError(
            f"Facility {facility} is not the same here as in {copy.path}.",
            expected="each record of the home, and no other",
            found="\n".join(lines),
            remedy=IMPORT_AFRESH if found.beyond_home else RUN_AGAIN,
            code="moving-in-difference",
        )


def differences(
    copy: HomeCopy, facility: FacilityInCopy, first_import: dt.datetime | None
) -> Differences:
    """The ids of records that are not here, and what is here that is not from the home.

    :param first_import: when it began; None if the facility was here before, and so may have more
        records and newer passwords.
    """
    result = Differences()
    with copy.open() as database, connection.cursor() as cursor:
        for table, model in _models().items():
            query = f"SELECT id FROM {table} WHERE dataset_id = {{}} ORDER BY id"  # noqa: S608
            there = _from_sqlite(database, query, facility.dataset)
            here = _from_postgresql(query, facility.dataset)
            with contextlib.closing(here):
                missing, added = _only_in_one(there, here)
            missing = _explained(cursor, missing)
            if missing:
                result.missing[table] = missing
            if first_import and (added := _not_since(first_import, model, added)):
                result.added[table] = added
        if first_import is None:
            return result
        there = _from_sqlite(database, PASSWORDS, facility.dataset)
        known = dict(_from_postgresql(PASSWORDS, facility.dataset))
        result.passwords = [
            user for user, password in there if known.get(user, password) != password
        ]
    return result


def _models() -> dict[str, Any]:
    """The tables of all records that Kolibri syncs, with one model of each."""
    from kolibri.core.auth.constants.morango_sync import PROFILE_FACILITY_DATA
    from morango.registry import syncable_models

    models = {
        model._meta.db_table: model  # noqa: SLF001 - Django's documented interface
        for model in syncable_models.get_models(PROFILE_FACILITY_DATA)
        if _has_field(model, "dataset_id")
    }
    return {table: model for table, model in models.items() if table not in LEFT_OUT}


def _has_field(model: Any, name: str) -> bool:
    return any(field.attname == name for field in model._meta.fields)  # noqa: SLF001


def _not_since(moment: dt.datetime, model: Any, ids: list[str]) -> list[str]:
    """Without the logs of what people have done here since then, such as signing in."""
    if not _has_field(model, "start_timestamp"):
        return ids
    logs = model.objects.filter(start_timestamp__gte=moment)
    since = {_plain((each,)) for each in logs.filter(pk__in=ids).values_list("pk", flat=True)}
    return [each for each in ids if each not in since]


def _from_sqlite(database: Any, query: str, dataset: str) -> Iterator[Any]:
    for row in database.execute(query.format("?"), (dataset,)):
        yield _plain(row)


def _from_postgresql(query: str, dataset: str) -> Generator[Any, None, None]:
    """The rows, through a cursor on the server: there may be millions."""
    from django.db import transaction

    with transaction.atomic(), connection.chunked_cursor() as cursor:
        cursor.execute(query.format("%s"), [dataset])
        while rows := cursor.fetchmany(BATCH):
            yield from map(_plain, rows)


def _plain(row: tuple[Any, ...]) -> Any:
    """An id as Kolibri writes it; in a pair with the rest of the row, if there is one."""
    identifier = str(row[0]).replace("-", "")
    return (identifier, *row[1:]) if len(row) > 1 else identifier


def _only_in_one(there: Iterable[str], here: Iterable[str]) -> tuple[list[str], list[str]]:
    """Those only there, and those only here, of two sorted sequences."""
    sides = heapq.merge(((each, False) for each in there), ((each, True) for each in here))
    missing, added = [], []
    for identifier, entries in itertools.groupby(sides, key=lambda entry: entry[0]):
        where = [is_here for _, is_here in entries]
        if where == [False]:
            missing.append(identifier)
        elif where == [True]:
            added.append(identifier)
    return missing, added


def _explained(cursor: Any, ids: list[str]) -> list[str]:
    """Without those that were deleted here, and with the reason why others could not be read."""
    if not ids:
        return []
    cursor.execute(KNOWN_HERE, [ids])
    known = {_plain(row[:1]): row[1:] for row in cursor.fetchall()}
    result = []
    for each in ids:
        deleted, reason = known.get(each, (False, ""))
        if not deleted:
            result.append(f"{each} ({reason.splitlines()[0]})" if reason else each)
    return result


def _line(what: str, table: str, ids: list[str]) -> str:
    return f"{what}: {len(ids)} of {table}: {first_of(ids, NAMED)}"
