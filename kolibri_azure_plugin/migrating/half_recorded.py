"""Finishes the records of migrations that an earlier version of this plugin left half recorded.

The schema of an atomic migration is committed as a whole. So where all columns stand that it makes,
and none that it removes, the transaction went through, and only its record is missing.
"""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Iterable
from typing import Any

from django.db.migrations.executor import MigrationExecutor
from django.db.transaction import atomic

from kolibri_azure_plugin.migrating import columns
from kolibri_azure_plugin.migrating.whole import half_recorded, is_one_transaction

logger = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True)
class Unrecorded:
    """Migrations whose schema may have been committed at once, and what they would be recorded as.

    :param applied: what ran: a migration, or the squashed one that it stands for.
    :param migrations: what there is no record of.
    """

    applied: Any
    migrations: tuple[Any, ...]


def finish_records(connection: Any) -> None:
    """Record each migration that is done and not recorded.

    :raises DatabaseError: when one is that may be done in part only.
    """
    while found := _find(MigrationExecutor(connection)):
        if not is_one_transaction(found.applied):
            raise half_recorded(
                found.applied, "all of its tables and columns, made outside of any transaction"
            )
        with atomic(connection.alias):
            for migration in found.migrations:
                MigrationExecutor(connection).record_migration(migration)
        logger.warning(
            "The schema of these migrations was there without a record, as a process leaves it "
            "that is killed while it migrates. Recorded now: %s.",
            ", ".join(map(str, found.migrations)),
        )


def _find(executor: Any) -> Unrecorded | None:
    """The first that is done and not recorded."""
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
    """What may have been done after everything that is recorded, the smallest first."""
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
