"""Completes the records of migrations that an earlier version of this plugin left half recorded.

The schema of an atomic migration is committed as a whole. So if all columns exist that it adds, and
none that it removes, its transaction was committed and only its record is missing.
"""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Iterable
from typing import Any

from django.db.migrations.executor import MigrationExecutor
from django.db.transaction import atomic

from kolibri_azure_plugin.database.migrations import columns
from kolibri_azure_plugin.database.migrations.atomic import half_recorded_error, is_one_transaction

logger = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True)
class Unrecorded:
    """Migrations whose schema may have been committed together, without their records.

    :param applied: the migration that ran, which may be a squashed one.
    :param migrations: the migrations without a record.
    """

    applied: Any
    migrations: tuple[Any, ...]


def finish_records(connection: Any) -> None:
    """Record each migration that is applied but not recorded.

    :raises DatabaseError: when such a migration may be applied only in part.
    """
    while found := _find(MigrationExecutor(connection)):
        if not is_one_transaction(found.applied):
            raise half_recorded_error(
                found.applied, "all of its tables and columns, created outside a transaction"
            )
        with atomic(connection.alias):
            for migration in found.migrations:
                MigrationExecutor(connection).record_migration(migration)
        logger.warning(
            "The schema of these migrations existed without a record, as after a process was "
            "killed while it migrated. Recorded now: %s.",
            ", ".join(map(str, found.migrations)),
        )


def _find(executor: Any) -> Unrecorded | None:
    """The first migrations that are applied but not recorded."""
    executor.loader.check_consistent_history(executor.connection)
    planned = [
        migration
        for migration, _backwards in executor.migration_plan(executor.loader.graph.leaf_nodes())
    ]
    if not planned or not executor.recorder.has_table():
        return None
    graph = executor.loader.graph
    recorded = [key for key in executor.loader.applied_migrations if key in graph.nodes]
    state = executor.loader.project_state(recorded)
    before, in_database = columns.of_models(state), columns.of_database(executor.connection)
    for candidate in _candidates(executor.loader, planned):
        after = state.clone()
        for migration in candidate.migrations:
            after = migration.mutate_state(after, preserve=False)
        if columns.Change.between(before, columns.of_models(after)).is_done(in_database):
            return candidate
    return None


def _candidates(loader: Any, planned: list[Any]) -> Iterable[Unrecorded]:
    """Migrations that may have been applied after all recorded ones, the smallest change first."""
    singles = [Unrecorded(migration, (migration,)) for migration in planned]
    rests = [
        Unrecorded(squashed, tuple(each for each in planned if _key(each) in squashed.replaces))
        for squashed in loader.replacements.values()
    ]
    for candidate in (*singles, *rests):
        done = {*loader.applied_migrations, *map(_key, candidate.migrations)}
        if all(_parents(loader, migration) <= done for migration in candidate.migrations):
            yield candidate


def _key(migration: Any) -> tuple[str, str]:
    return migration.app_label, migration.name


def _parents(loader: Any, migration: Any) -> set[tuple[str, str]]:
    return {parent.key for parent in loader.graph.node_map[_key(migration)].parents}
